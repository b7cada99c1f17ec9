/**
 * The life of the one task of this executor: `step(event, nowMs) -> actions`. Pure: no clock, no process, no socket.
 * `nowMs` is any clock that never goes back. `loop.ts` carries the actions out and feeds their outcomes back.
 *
 * Phases: idle -> starting -> joining (replicas and guests) -> running -> stopping -> reaping -> ending -> over. Whatever happens,
 * a launched task sends TASK_STARTING first and exactly one terminal update last, when nothing of its session is left.
 */
import type { ProbeOutcome } from '../framework/probes/types.js';
import type { Assignment, ReplicaMetrics } from './assignment.js';
import { type CheckKind, Checks } from './checks.js';
import { Complaints } from './complaints.js';
import { ConnectionLog } from './connection-log.js';
import { orderLine, parseControlLine, type ReplicaState, stopLine } from './control.js';
import { Deadlines } from './deadlines.js';
import { assignmentOf, decodeOrder } from './decode.js';
import * as limits from './limits.js';
import { StatusReporter } from './report.js';
import type { ChildExit, Listening, TaskAction, TaskEvent, TaskState } from './task-types.js';
import { keepsNothing, secondTask, uselessVerdict, type Verdict, verdictOf, withoutHello } from './verdict.js';
import { describeTakeover, GuestCounts } from './vm/guest-counts.js';
import type { MemberNews } from './vm/member.js';

type Phase = 'idle' | 'starting' | 'joining' | 'running' | 'stopping' | 'reaping' | 'ending' | 'over';
type Deadline = 'hello' | 'surrender' | 'handover' | 'kill' | 'acknowledgement';

const controlLost = 'The server closed its control channel and lived on.';

export class Task {
  private phase: Phase = 'idle';
  private taskId = '';
  private assignment: Assignment | null = null;
  /** Why the program is being ended; the first reason stays. */
  private verdict: Verdict | null = null;
  /** What the interposer said before it gave up. */
  private fatal: string | null = null;
  private graceMs = 0;
  private handoverMs = limits.handoverMsMax;
  private connected = false;
  private agentLost = false;
  private killingState = false;
  /** By the framework, which never lets a member return that it has killed. */
  private killRequested = false;
  private controlOpen = false;
  private finalTellings = 0;
  private readonly complaints = new Complaints();
  private readonly deadlines = new Deadlines<Deadline>();
  private readonly reporter = new StatusReporter();
  private readonly counts = new GuestCounts();
  private readonly connections = new ConnectionLog();
  /** From the moment that the program runs. */
  private checks: Checks | null = null;
  private actions: TaskAction[] = [];
  private nowMs = 0;

  step(event: TaskEvent, nowMs: number): TaskAction[] {
    this.nowMs = nowMs;
    this.actions = [];
    if (this.phase !== 'over') (this.on[event.type] as (event: TaskEvent) => void)(event);
    return this.actions;
  }

  private readonly on: { [Type in TaskEvent['type']]: (event: Extract<TaskEvent, { type: Type }>) => void } = {
    agentConnected: ({ killingState }) => this.onConnected(killingState),
    agentDisconnected: () => this.onDisconnected(),
    agentLost: ({ message }) => this.onAgentLost(message),
    eventLeftOut: ({ problem }) =>
      this.complain('event', `left out an event that is none of a Mesos agent: ${problem}`),
    launched: ({ taskId, data }) => this.onLaunched(taskId, data),
    refused: ({ message }) => this.onRefused(message),
    childSpawned: ({ pid }) => this.onSpawned(pid),
    guestRuns: ({ message }) => this.onReady(message),
    guestFailed: ({ message }) => this.stop({ state: 'TASK_FAILED', message }),
    pairNews: ({ news }) => this.onPairNews(news),
    controlLine: ({ line }) => this.onControlLine(line),
    controlClosed: () => this.onControlClosed(),
    childExited: ({ exit, condemned = false }) => this.onExited(exit, condemned),
    probed: ({ listening }) => this.onProbed(listening),
    checked: ({ kind, outcome }) => this.onChecked(kind, outcome),
    reaped: () => this.onReaped(),
    killRequested: ({ taskId, graceMs }) => this.onKill(taskId, graceMs),
    shutdownRequested: ({ budgetMs }) => this.onShutdown(budgetMs),
    orderReceived: ({ data }) => this.onOrder(data),
    finalAcknowledged: () => this.onFinalAcknowledged(),
    ticked: () => this.onTicked(),
  };

  // The agent

  private onConnected(killingState: boolean): void {
    this.connected = true;
    this.killingState = killingState;
    if (this.phase === 'ending') this.awaitAcknowledgement();
    this.publishReport();
  }

  /** Nothing of ours ends: the program serves on, and what is to be told waits for the agent's return. */
  private onDisconnected(): void {
    this.connected = false;
    this.deadlines.delete('acknowledgement');
  }

  private onAgentLost(message: string): void {
    this.connected = false;
    this.agentLost = true;
    if (this.phase === 'idle' || this.phase === 'ending') this.exit();
    else this.stop({ state: 'TASK_FAILED', message });
  }

  // Launch

  private onLaunched(taskId: string, data: string | null): void {
    if (this.phase !== 'idle') {
      this.refuseSecondTask(taskId);
      return;
    }
    this.phase = 'starting';
    this.taskId = taskId;
    this.update('TASK_STARTING', null);
    const assignment = this.readAssignment(data);
    if (assignment === null) return;
    this.assignment = assignment;
    this.graceMs = assignment.killGraceMs;
    this.actions.push({ type: 'start', assignment });
  }

  private readAssignment(data: string | null): Assignment | null {
    try {
      return assignmentOf(this.taskId, data);
    } catch (error) {
      const message = `The assignment cannot be carried out: ${(error as Error).message}`;
      this.conclude({ state: 'TASK_FAILED', message });
      return null;
    }
  }

  /** A LAUNCH that comes twice for the same task is Mesos' repetition and changes nothing. */
  private refuseSecondTask(taskId: string): void {
    if (taskId === this.taskId || !this.complain('task', `refused the task "${taskId}"`)) return;
    this.actions.push(secondTask(taskId, this.taskId));
  }

  private onRefused(message: string): void {
    if (this.phase === 'starting') this.conclude(this.verdict ?? { state: 'TASK_FAILED', message });
  }

  private onSpawned(pid: number): void {
    if (this.phase !== 'starting') return;
    this.log('info', `started the program as process ${pid}`);
    this.controlOpen = this.assignment?.replica != null;
    const isGuest = this.assignment !== null && 'vm' in this.assignment.command;
    this.phase = this.controlOpen || isGuest ? 'joining' : 'running';
    if (this.verdict !== null) this.beginStop();
    else if (this.phase === 'running') this.run(null);
    else if (this.controlOpen) this.setDeadline('hello', limits.helloTimeoutMs);
  }

  // The control channel

  private onControlLine(line: string): void {
    const replica = this.assignment?.replica;
    if (replica == null) return;
    try {
      const message = parseControlLine(line, replica);
      if (message.type === 'hello') this.onHello(message.pid);
      else if (message.type === 'fatal') this.onFatal(message.message);
      else if (message.type === 'metrics') this.onMetrics(message.metrics);
      else this.onState(message.state);
    } catch (error) {
      this.complain('line', `dropped a control line: ${(error as Error).message}`);
    }
    this.publishReport();
  }

  /** Before its program runs, a joiner tells how its snapshot comes; how long that may stand still the framework judges. */
  private onState(state: ReplicaState): void {
    this.reporter.state = state;
    for (const text of this.connections.unconnected(state.peers)) this.log('warn', text);
    if (this.phase === 'joining' && state.joining !== null) this.setDeadline('hello', limits.helloTimeoutMs);
  }

  private onMetrics(metrics: ReplicaMetrics): void {
    this.reporter.metrics = metrics;
    const refused = this.connections.refused(metrics.refusedConnections, this.nowMs);
    if (refused !== null) this.log('warn', `refused connections to the consensus port: ${refused}`);
  }

  private onPairNews(news: MemberNews): void {
    if (news.type === 'guest') this.reporter.guest = news.guest;
    if (news.type === 'round') this.counts.addRound(news.round, this.nowMs);
    const silence = news.type === 'frames' ? this.counts.setFrames(news.frames) : null;
    if (silence !== null) this.log('warn', silence);
    if (news.type === 'takeover') this.counts.setTakeover(news.takeover);
    if (news.type === 'takeover') this.log('info', describeTakeover(news.takeover));
    this.reporter.guestMetrics = this.counts.metrics();
    if (news.type === 'backupLost') this.log('warn', `gave member ${news.member} up as backup: ${news.reason}`);
    if (news.type === 'notFailedOver') this.log('warn', `the fail-over is given up: ${news.reason}`);
    if (news.type === 'useless') this.stop(uselessVerdict(news.reason, news.asked));
    this.publishReport();
  }

  private onHello(pid: number): void {
    this.reporter.pid = pid;
    this.onReady(null);
  }

  private onReady(message: string | null): void {
    if (this.phase !== 'joining') return;
    this.phase = 'running';
    this.deadlines.delete('hello');
    this.run(message);
  }

  private run(message: string | null): void {
    if (this.assignment !== null) this.checks = new Checks(this.assignment, this.nowMs);
    this.update('TASK_RUNNING', message);
  }

  private onChecked(kind: CheckKind, outcome: ProbeOutcome): void {
    if (this.phase !== 'running' || this.checks === null) return;
    const news = this.checks.found(kind, outcome, this.nowMs);
    if (news === null) return;
    this.reporter.findings = news.findings;
    this.update('TASK_RUNNING', news.message);
  }

  private onFatal(message: string): void {
    this.fatal ??= message;
    if (this.phase === 'joining' || this.phase === 'running') this.setDeadline('surrender', limits.surrenderMs);
  }

  private onControlClosed(): void {
    this.controlOpen = false;
    if (this.phase === 'joining' || this.phase === 'running') this.setDeadline('surrender', limits.surrenderMs);
  }

  private onOrder(data: string): void {
    try {
      const order = decodeOrder(data);
      // The framework repeats orders until reports show their effect, so one that comes too early or too late may go.
      if (this.phase !== 'running' || !this.controlOpen) return;
      if (order.type === 'removeMember' || order.type === 'transferLeadership')
        this.actions.push({ type: 'control', line: orderLine(order) });
      else this.actions.push({ type: 'guestOrder', order });
    } catch (error) {
      this.complain('order', `dropped an order of the framework: ${(error as Error).message}`);
    }
  }

  // Ending the program

  private onKill(taskId: string, graceMs: number | null): void {
    if (taskId !== this.taskId) this.complain('kill', `ignored KILL of the unknown task "${taskId}"`);
    else {
      this.killRequested = true;
      this.kill('Killed on request.', graceMs ?? this.graceMs);
    }
  }

  private onShutdown(budgetMs: number): void {
    const wholeMs = Math.max(0, budgetMs - limits.shutdownReserveMs);
    this.handoverMs = Math.min(this.handoverMs, Math.floor(wholeMs / 2));
    if (this.phase === 'idle') this.exit();
    else
      this.kill('Killed because the agent shut this executor down.', Math.min(this.graceMs, wholeMs - this.handoverMs));
  }

  private kill(message: string, graceMs: number): void {
    this.shortenGrace(graceMs);
    this.stop({ state: 'TASK_KILLED', message });
  }

  /** A repeated KILL may shorten the time that is left, never lengthen it. */
  private shortenGrace(graceMs: number): void {
    this.graceMs = this.verdict === null ? graceMs : Math.min(this.graceMs, graceMs);
    this.handoverMs = Math.min(this.handoverMs, this.graceMs);
    this.deadlines.shorten('handover', this.nowMs + this.handoverMs);
    this.deadlines.shorten('kill', this.nowMs + this.graceMs);
  }

  private stop(verdict: Verdict): void {
    if (this.verdict !== null || !['starting', 'joining', 'running'].includes(this.phase)) return;
    this.verdict = verdict;
    if (verdict.state === 'TASK_KILLED' && this.killingState) this.update('TASK_KILLING', verdict.message);
    if (this.phase !== 'starting') this.beginStop();
  }

  /** At `stop` the server hands over and then ends itself as SIGTERM would; a second SIGTERM might cut that short. */
  private beginStop(): void {
    const obeys = this.controlOpen && this.phase === 'running';
    this.phase = 'stopping';
    this.deadlines.clear();
    if (!obeys) {
      this.terminate();
      return;
    }
    this.actions.push({ type: 'control', line: stopLine });
    this.setDeadline('handover', this.handoverMs);
  }

  private terminate(): void {
    this.actions.push({ type: 'signal', signal: 'SIGTERM' });
    this.setDeadline('kill', this.graceMs);
  }

  private onExited(exit: ChildExit, condemned: boolean): void {
    if (!['joining', 'running', 'stopping'].includes(this.phase)) return;
    this.reporter.cannotReturn = condemned;
    const killAtMs = this.deadlines.get('kill');
    const graceMs =
      killAtMs === undefined ? Math.min(limits.leftoverGraceMs, this.graceMs) : Math.max(0, killAtMs - this.nowMs);
    this.verdict = verdictOf(exit, this.assignment as Assignment, this.verdict, this.fatal);
    this.phase = 'reaping';
    this.deadlines.clear();
    this.actions.push({ type: 'reap', graceMs });
  }

  private onReaped(): void {
    if (this.phase !== 'reaping' || this.verdict === null) return;
    const replica = this.assignment?.replica;
    if (replica && keepsNothing(replica, this.killRequested, this.reporter.pid !== null))
      this.actions.push({ type: 'forget', replica });
    this.conclude(this.verdict);
  }

  private onFinalAcknowledged(): void {
    if (this.phase === 'ending') this.exit();
  }

  private conclude(verdict: Verdict): void {
    this.phase = 'ending';
    this.update(verdict.state, verdict.message, true);
    if (this.agentLost) this.exit();
    else if (this.connected) this.awaitAcknowledgement();
  }

  /** With an agent that comes and goes, and never acknowledges, it would last for ever. */
  private awaitAcknowledgement(): void {
    this.finalTellings += 1;
    if (this.finalTellings <= limits.finalTellingsMax) this.setDeadline('acknowledgement', limits.acknowledgementMs);
    else this.onDeadline.acknowledgement();
  }

  private exit(): void {
    this.phase = 'over';
    this.actions.push({ type: 'exit' });
  }

  // Time

  private onTicked(): void {
    for (const name of this.deadlines.take(this.nowMs)) this.onDeadline[name]();
    if (this.phase === 'running' && this.checks !== null) this.actions.push(...this.checks.due(this.nowMs));
    this.publishReport();
  }

  private readonly onDeadline: Record<Deadline, () => void> = {
    hello: () => this.actions.push({ type: 'probe', port: this.servicePort() }),
    surrender: () => this.stop({ state: 'TASK_FAILED', message: this.fatal ?? controlLost }),
    handover: () => this.terminate(),
    kill: () => this.actions.push({ type: 'signal', signal: 'SIGKILL' }),
    acknowledgement: () => {
      this.log('warn', 'the agent did not acknowledge the terminal update in time');
      this.exit();
    },
  };

  private onProbed(listening: Listening): void {
    if (this.phase !== 'joining') return;
    this.stop({ state: 'TASK_FAILED', message: withoutHello(listening, this.servicePort(), limits.helloTimeoutMs) });
  }

  private servicePort(): number {
    return this.assignment?.replica?.self.servicePort ?? 0;
  }

  private setDeadline(name: Deadline, inMs: number): void {
    this.deadlines.set(name, this.nowMs + inMs);
  }

  /** Reports wait while the agent is away: then the last one goes, and none of those in between. */
  private publishReport(): void {
    if (!this.connected || !['joining', 'running', 'stopping'].includes(this.phase)) return;
    this.actions.push(...this.reporter.due(this.nowMs));
  }

  private update(state: TaskState, message: string | null, final = false): void {
    this.actions.push(this.reporter.update(this.taskId, state, message, final, this.nowMs));
  }

  /** False: enough of this kind was said. */
  private complain(kind: string, text: string): boolean {
    const message = this.complaints.about(kind, text);
    if (message !== null) this.log('warn', message);
    return message !== null;
  }

  private log(level: 'info' | 'warn', message: string): void {
    this.actions.push({ type: 'log', level, message });
  }
}
