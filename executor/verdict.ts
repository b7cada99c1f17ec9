/** How a task ends, and the sentences that say why. Pure. */
import type { Assignment, ReplicaAssignment } from './assignment.js';
import type { ChildExit, Listening, TaskAction } from './task-types.js';

export interface Verdict {
  state: 'TASK_FINISHED' | 'TASK_FAILED' | 'TASK_KILLED';
  message: string;
}

/** `reason` is why the executor was ending the program, `fatal` what the interposer said before it gave up. */
export function verdictOf(
  exit: ChildExit,
  assignment: Assignment,
  reason: Verdict | null,
  fatal: string | null,
): Verdict {
  if (reason !== null && reason.state !== 'TASK_FAILED') return reason;
  const ended = exitMessage(exit, assignment);
  const cause = reason?.message ?? fatal;
  if (cause !== null) return { state: 'TASK_FAILED', message: `${cause} ${ended}` };
  const finished = assignment.replica === null && exit.code === 0;
  return { state: finished ? 'TASK_FINISHED' : 'TASK_FAILED', message: ended };
}

/** Nobody counts on what a new member kept that has not said hello; its slot goes to another one, perhaps elsewhere. */
export function keepsNothing(
  { durability, returns }: ReplicaAssignment,
  isKilled: boolean,
  saidHello: boolean,
): boolean {
  return durability === 'disk' && (isKilled || !(returns || saidHello));
}

/** The end of a task that was launched beside the one of this executor. */
export function secondTask(taskId: string, own: string): TaskAction {
  const message = `This executor runs exactly one task and has "${own}"; give every task an executor id of its own.`;
  return { type: 'update', taskId, state: 'TASK_FAILED', message, report: null, findings: {}, final: false };
}

/** Why a replicated guest's member ends; after a fail-over that an operator asked for that is no failure. */
export function uselessVerdict(reason: string, asked: boolean): Verdict {
  if (asked) return { state: 'TASK_FINISHED', message: `An operator asked for a fail-over: ${reason}.` };
  return { state: 'TASK_FAILED', message: `The guest counts no more: ${reason}.` };
}

/** Why a replica whose server said no `hello` within `waitedMs` is not one. */
export function withoutHello(listening: Listening, port: number, waitedMs: number): string {
  if (listening === 'yes') {
    return (
      `The program listens on port ${port} but not through the interposer, so it is not replicated: ` +
      'it must be a dynamic program, started with the LD_PRELOAD it was given.'
    );
  }
  const known = listening === 'no' ? 'did not listen' : 'was not seen to listen';
  return `The program ${known} on port ${port} within ${seconds(waitedMs)} s: make it listen on $PORT0 and stay in the foreground.`;
}

/** The last are QEMU's words for a port of the host. */
const addressTaken = /address already in use|EADDRINUSE|could not set up host forwarding rule/i;

/** How and when the program ended, what it said last, and what can be done about it where that is known. */
function exitMessage(exit: ChildExit, assignment: Assignment): string {
  const how = exit.signal === null ? `exited with status ${exit.code}` : `was ended by ${exit.signal}`;
  const sentence = `The program ${how} after ${seconds(exit.livedMs)} s.`;
  const said = exit.lastLines === '' ? '' : `\nIts last lines:\n${exit.lastLines}`;
  return `${sentence}${remedy(exit, assignment)}${said}`;
}

function remedy(exit: ChildExit, assignment: Assignment): string {
  if (addressTaken.test(exit.lastLines)) return ` ${portTaken(assignment)}`;
  if (exit.code === 127)
    return ' Status 127 means that a command was not found: name it by its absolute path, or install it.';
  if (exit.signal === 'SIGKILL')
    return ' If nobody killed it, it may have used more memory than the host has: raise "mem".';
  return '';
}

function portTaken(assignment: Assignment): string {
  const ports = assignment.replica === null ? assignment.ports : [assignment.replica.self.servicePort];
  if (ports.length === 0)
    return 'A port it wants is taken, and the app declares none: declare it in "portDefinitions".';
  const named =
    ports.length === 1 ? `Port ${ports[0]} on this host is` : `One of the ports ${ports.join(', ')} on this host is`;
  return `${named} taken by another process: end that process, or let the app have any free port (port 0) and use $PORT0.`;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}
