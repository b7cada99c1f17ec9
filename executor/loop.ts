/** Between the world and task.ts: feeds it what happens at the agent, the program and the clock, and does what it says. */
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { hostFacts } from '../framework/host-facts/facts.js';
import {
  type ConnectionState,
  ExecutorClient,
  type ExecutorEnvironment,
  encodeBytes,
} from '../framework/mesos-http-client/index.js';
import { probe } from '../framework/probes/probe.js';
import { taskEvents } from './agent-events.js';
import type { Assignment, CheckAssignment, HostReport, ReplicaAssignment } from './assignment.js';
import type { CheckKind } from './checks.js';
import { runCommand, type Surroundings } from './command-check.js';
import { LineSplitter } from './control.js';
import { isCondemned, removeMemberDirectory } from './data-directory.js';
import { LastLines } from './last-lines.js';
import { type Launched, type LaunchPlace, launch } from './launch.js';
import type { Program } from './process.js';
import { sessionListens } from './session.js';
import { Task } from './task.js';
import type { TaskAction, TaskEvent } from './task-types.js';
import { runGuest } from './vm/guest.js';
import type { GuestMember } from './vm/member.js';

const tickMs = 100;
/** For the last lines of the control channel to be read after the program's end. */
const controlDrainMs = 500;
/** Orders that a server does not read are dropped beyond this; the framework repeats them. */
const controlBytesMax = 64 * 1024;

export interface LoopOptions extends LaunchPlace {
  environment: ExecutorEnvironment;
  authenticationToken: string | null;
  log: Logger;
}

/** Of the agent, by the layout that Mesos has. */
const workDirectoryOf = (sandbox: string) => sandbox.split('/slaves/', 1)[0] as string;

export class ExecutorLoop {
  private readonly task = new Task();
  private readonly client: ExecutorClient;
  private program: Program | null = null;
  /** Of the program; for commands that check it. */
  private surroundings: Surroundings | null = null;
  /** Ends checks that are under way. */
  private readonly checking = new AbortController();
  private member: GuestMember | null = null;
  /** Presses the power button of a guest with a disk: it has something to put away. */
  private powerOff: (() => Promise<unknown>) | null = null;
  /** To the agent; null: not yet. */
  private connected: boolean | null = null;
  private finish: () => void = () => {};

  constructor(private readonly options: LoopOptions) {
    const { environment, authenticationToken } = options;
    this.client = new ExecutorClient({
      environment,
      ...(authenticationToken !== null && { authenticationToken }),
      onEvent: (event) => {
        for (const meaning of taskEvents(event, environment.shutdownGracePeriodMs)) this.happened(meaning);
      },
      onLeftOut: (problem) => this.happened({ type: 'eventLeftOut', problem }),
      onState: (state) => this.onConnectionState(state),
    });
  }

  /** Fulfilled when the task is over and told, or when there is nothing left to do for this executor. */
  async run(): Promise<void> {
    const finished = new Promise<void>((resolve) => {
      this.finish = resolve;
    });
    const ticking = setInterval(() => this.happened({ type: 'ticked' }), tickMs);
    this.client.subscribe();
    await finished;
    clearInterval(ticking);
    this.checking.abort();
    await this.client.close();
  }

  /** Ends the task as the agent's SHUTDOWN does. */
  shutDown(): void {
    this.happened({ type: 'shutdownRequested', budgetMs: this.options.environment.shutdownGracePeriodMs });
  }

  private happened(event: TaskEvent): void {
    for (const action of this.task.step(event, performance.now())) {
      (this.perform[action.type] as (action: TaskAction) => void)(action);
    }
  }

  private readonly perform: { [Type in TaskAction['type']]: (action: Extract<TaskAction, { type: Type }>) => void } = {
    start: ({ assignment }) => void this.start(assignment),
    update: (update) => this.update(update),
    // Nobody waits for a message; the next one carries what this one would have told.
    message: ({ report }) => void this.client.message(JSON.stringify(report)).catch(() => {}),
    control: ({ line }) => this.sendControl(line),
    guestOrder: ({ order }) => this.member?.obey(order),
    signal: ({ signal }) => this.signal(signal),
    probe: ({ port }) => this.probe(port),
    check: ({ kind, check }) => void this.check(kind, check),
    reap: ({ graceMs }) =>
      void (this.member ?? this.program)?.reap(graceMs).then(() => this.happened({ type: 'reaped' })),
    forget: ({ replica }) => this.forget(replica),
    log: ({ level, message }) => this.options.log[level](message),
    exit: () => this.finish(),
  };

  private onConnectionState(state: ConnectionState): void {
    if (state.type === 'disconnected') this.onDisconnected(state.cause.message);
    if (state.type === 'subscribed') {
      this.connected = true;
      this.options.log.info({ agent: state.url }, 'subscribed');
    }
    if (state.type !== 'ended' || state.cause === null) return;
    this.options.log.error({ cause: state.cause.message }, 'gave the agent up');
    this.happened({ type: 'agentLost', message: `The executor has lost its agent: ${state.cause.message}` });
  }

  /** Comes for every failed attempt too; one line a break is enough. */
  private onDisconnected(cause: string): void {
    if (this.connected) this.options.log.warn({ cause }, 'lost the agent; the program goes on');
    if (this.connected === null) this.options.log.warn({ cause, ...this.spokenTo() }, 'cannot subscribe yet');
    this.connected = false;
    this.happened({ type: 'agentDisconnected' });
  }

  /** An agent that speaks TLS, and does not say so, is the likely reason of a connection that breaks at once. */
  private spokenTo() {
    const { agentEndpoint, tls } = this.options.environment;
    if (tls !== null) return { agent: agentEndpoint, tls: true };
    const remedy = 'if the agent speaks TLS, give it --executor_environment_variables with LIBPROCESS_SSL_ENABLED';
    return { agent: agentEndpoint, tls: false, remedy };
  }

  private update({ taskId, state, message, report, findings, final }: Extract<TaskAction, { type: 'update' }>): void {
    this.options.log.info({ state, message }, 'status update');
    try {
      this.client.update(taskId, {
        state,
        ...(message !== null && { message }),
        ...(report !== null && { data: encodeBytes(JSON.stringify(report)) }),
        ...findings,
      });
      if (final)
        this.client.drained().then(
          () => this.happened({ type: 'finalAcknowledged' }),
          () => {},
        );
    } catch (error) {
      this.options.log.error({ cause: (error as Error).message }, 'the update cannot be told any more');
    }
  }

  private async start(assignment: Assignment): Promise<void> {
    const { appId, taskId, deploymentId } = assignment;
    this.options.log.setBindings({ appId, taskId, deploymentId });
    this.tellHost();
    const lastLines = new LastLines();
    let launched: Launched;
    try {
      launched = await launch(assignment, this.options, {
        tell: (news) => this.happened({ type: 'pairNews', news }),
        hear: (line) => this.happened({ type: 'controlLine', line }),
      });
    } catch (error) {
      this.happened({ type: 'refused', message: (error as Error).message });
      return;
    }
    const { program } = launched;
    this.program = program;
    this.member = launched.member;
    this.surroundings = launched.surroundings;
    this.happened({ type: 'childSpawned', pid: program.pid });
    const controlEnd = this.converse(launched);
    const exit = await program.exited;
    await Promise.race([controlEnd, delay(controlDrainMs, undefined, { ref: false })]);
    const condemned = assignment.replica !== null && isCondemned(assignment.replica);
    this.happened({ type: 'childExited', exit: { ...exit, lastLines: lastLines.read() }, condemned });
  }

  /** Nobody waits for it. */
  private tellHost(): void {
    try {
      const report: HostReport = { host: hostFacts(workDirectoryOf(this.options.sandbox)), nowMs: Date.now() };
      this.client.message(JSON.stringify(report)).catch(() => {});
    } catch (error) {
      this.options.log.warn({ cause: (error as Error).message }, 'the machine could not be looked at');
    }
  }

  /** On descriptor 3 a guest's QEMU speaks QMP, and a replica the lines of the control channel. */
  private async converse({ program: { control }, machine, member }: Launched): Promise<void> {
    if (control === null) return;
    if (member !== null) return this.runMember(member, control);
    if (machine === null) return this.readControl(control);
    const powerOff = await runGuest(control, machine, {
      runs: (message) => this.happened({ type: 'guestRuns', message }),
      failed: (message) => this.happened({ type: 'guestFailed', message }),
    });
    if (machine.disk !== null) this.powerOff = powerOff;
  }

  /** Fulfilled at the end of the channel to gaia-vm. */
  private async runMember(member: GuestMember, control: Duplex): Promise<void> {
    // Not events.once, which an error would reject: gaia-vm may end while it is written to.
    const closed = new Promise((resolve) => control.once('close', resolve));
    const failed = (message: string) => this.happened({ type: 'guestFailed', message });
    member.run().then(
      () => member.qemu?.exited.then(() => failed("The guest's QEMU has ended; its output says more.")),
      (error) => failed(`The guest was not started: ${(error as Error).message}.`),
    );
    await closed;
    this.happened({ type: 'controlClosed' });
  }

  /** Fulfilled at the channel's end. */
  private async readControl(control: Duplex): Promise<void> {
    const splitter = new LineSplitter();
    control.on('data', (bytes: Buffer) => {
      for (const line of splitter.push(bytes)) this.happened({ type: 'controlLine', line });
    });
    control.on('error', (error) => this.options.log.warn({ cause: error.message }, 'control channel'));
    await once(control, 'close');
    this.happened({ type: 'controlClosed' });
  }

  private async check(kind: CheckKind, { probe: what, timeoutMs }: CheckAssignment): Promise<void> {
    const { surroundings } = this;
    const { signal } = this.checking;
    if (surroundings === null) return;
    const outcome =
      what.type === 'command'
        ? await runCommand(what.shell, timeoutMs, surroundings, signal)
        : await probe({ target: { ...what, host: '127.0.0.1' }, timeoutMs, bodyBytesMax: 0 }, signal);
    this.happened({ type: 'checked', kind, outcome });
  }

  private forget(replica: ReplicaAssignment): void {
    try {
      removeMemberDirectory(replica);
    } catch (error) {
      this.options.log.warn({ cause: (error as Error).message }, 'what the member kept could not be removed');
    }
  }

  private signal(signal: 'SIGTERM' | 'SIGKILL'): void {
    const send = () => (this.member ?? this.program)?.signal(signal);
    if (signal === 'SIGTERM' && this.powerOff !== null) this.powerOff().catch(send);
    else send();
  }

  private sendControl(line: string): void {
    const control = this.program?.control;
    if (control?.writable && control.writableLength < controlBytesMax) control.write(`${line}\n`);
  }

  private probe(port: number): void {
    const listens = this.program === null ? null : sessionListens(this.program.pid, port);
    this.happened({ type: 'probed', listening: listens === null ? 'unknown' : listens ? 'yes' : 'no' });
  }
}
