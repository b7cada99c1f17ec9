/** What happens to a task (events) and what is to be done about it (actions): the two sides of task.ts. */
import type { ProbeOutcome } from '../framework/probes/types.js';
import type { Assignment, CheckAssignment, GuestOrder, ReplicaAssignment, ReplicaReport } from './assignment.js';
import type { CheckKind, Findings } from './checks.js';
import type { MemberNews } from './vm/member.js';

export interface ChildExit {
  /** Exit status; null when a signal ended the program. */
  code: number | null;
  signal: string | null;
  livedMs: number;
  /** The last lines the program wrote, bounded; empty when it wrote none or they cannot be read. */
  lastLines: string;
}

/** Whether the program listens on its service port. */
export type Listening = 'yes' | 'no' | 'unknown';

export type TaskEvent =
  /** SUBSCRIBED, the first or after an agent restart. `killingState`: the framework understands TASK_KILLING. */
  | { type: 'agentConnected'; killingState: boolean }
  | { type: 'agentDisconnected' }
  /** The agent will not come back (recovery time-out), or must not (checkpointing is off). */
  | { type: 'agentLost'; message: string }
  /** The agent said what none says, or more than can be kept. */
  | { type: 'eventLeftOut'; problem: string }
  /** LAUNCH; `data` is `TaskInfo.data`. */
  | { type: 'launched'; taskId: string; data: string | null }
  /** The program was not started: preflight, files or spawn failed. */
  | { type: 'refused'; message: string }
  | { type: 'childSpawned'; pid: number }
  /** QEMU's processors run the guest; `message` says what it has. */
  | { type: 'guestRuns'; message: string }
  /** QEMU does not run the guest, and will not. */
  | { type: 'guestFailed'; message: string }
  /** Of a replicated guest. */
  | { type: 'pairNews'; news: MemberNews }
  | { type: 'controlLine'; line: string }
  | { type: 'controlClosed' }
  /** `condemned`: what the member keeps cannot be used, now or ever. */
  | { type: 'childExited'; exit: ChildExit; condemned?: boolean }
  | { type: 'probed'; listening: Listening }
  /** The answer to a `check`. */
  | { type: 'checked'; kind: CheckKind; outcome: ProbeOutcome }
  /** Nothing of the program's session is left. */
  | { type: 'reaped' }
  /** KILL; `graceMs` overrides the assignment's. */
  | { type: 'killRequested'; taskId: string; graceMs: number | null }
  /** SHUTDOWN, or the executor itself was told to end; all must be over within `budgetMs`. */
  | { type: 'shutdownRequested'; budgetMs: number }
  /** MESSAGE of the framework. */
  | { type: 'orderReceived'; data: string }
  /** The agent acknowledged the terminal update. */
  | { type: 'finalAcknowledged' }
  | { type: 'ticked' };

export type TaskState =
  | 'TASK_STARTING'
  | 'TASK_RUNNING'
  | 'TASK_KILLING'
  | 'TASK_FINISHED'
  | 'TASK_FAILED'
  | 'TASK_KILLED';

export type TaskAction =
  /** Preflight, files, spawn; answered by `childSpawned` or `refused`. */
  | { type: 'start'; assignment: Assignment }
  /** `final`: answered by `finalAcknowledged`. */
  | {
      type: 'update';
      taskId: string;
      state: TaskState;
      message: string | null;
      report: ReplicaReport | null;
      findings: Findings;
      final: boolean;
    }
  | { type: 'message'; report: ReplicaReport }
  /** A line for the control channel. */
  | { type: 'control'; line: string }
  /** To the member of a replicated guest. */
  | { type: 'guestOrder'; order: GuestOrder }
  /** To the whole process group. */
  | { type: 'signal'; signal: 'SIGTERM' | 'SIGKILL' }
  /** Answered by `probed`. */
  | { type: 'probe'; port: number }
  /** Answered by `checked`. */
  | { type: 'check'; kind: CheckKind; check: CheckAssignment }
  /** End what is left of the program's session: SIGTERM now, SIGKILL after `graceMs`. Answered by `reaped`. */
  | { type: 'reap'; graceMs: number }
  /** Remove what the member keeps on this agent. */
  | { type: 'forget'; replica: ReplicaAssignment }
  | { type: 'log'; level: 'info' | 'warn'; message: string }
  /** The executor's own end. */
  | { type: 'exit' };
