/** The executor API of a Mesos agent as far as one executor needs it, on a port of its own, and an executor under it. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Assignment, HostReport, ReplicaReport } from '../../executor/assignment.js';
import type { ExecutorCall, ExecutorEvent, TaskStatus } from '../../framework/mesos-http-client/index.js';
import { encode, eventually } from './fixtures.js';

const executorMain = fileURLToPath(new URL('../../executor/main.js', import.meta.url));
const decode = (data: string | undefined) => JSON.parse(Buffer.from(data ?? '', 'base64').toString('utf8'));

export class FakeAgent {
  subscriptions: Extract<ExecutorCall, { type: 'SUBSCRIBE' }>[] = [];
  /** Updates in the order of their arrival, repetitions included. */
  updates: TaskStatus[] = [];
  messages: ReplicaReport[] = [];
  hosts: HostReport[] = [];
  acknowledges = true;
  /** SUBSCRIBE calls that are answered as by an agent that is not ready. */
  refusals = 0;
  /** Answers a call in place of the agent, if it returns true. */
  usurper: (call: ExecutorCall, response: ServerResponse) => boolean = () => false;
  private server: Server | null = null;
  private stream: ServerResponse | null = null;
  private port = 0;

  constructor(private readonly address: string) {}

  get endpoint(): string {
    return `${this.address}:${this.port}`;
  }

  get states(): string[] {
    return this.updates.map((status) => status.state);
  }

  /** The report of an update. */
  report(status: TaskStatus): ReplicaReport {
    return decode(status.data);
  }

  /** Listens, after a stop on the same port as before. */
  async start(): Promise<void> {
    this.server = createServer((request, response) => {
      let body = '';
      request.on('data', (bytes) => {
        body += bytes;
      });
      request.on('end', () => this.answer(JSON.parse(body), response));
    });
    this.server.listen(this.port, this.address);
    await once(this.server, 'listening');
    this.port = (this.server.address() as AddressInfo).port;
  }

  /** As a killed agent: connections break, nobody listens. */
  async stop(): Promise<void> {
    const server = this.server;
    this.server = null;
    this.stream = null;
    if (server === null) return;
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }

  send(event: ExecutorEvent): void {
    this.sayAny(event);
  }

  /** What no agent of Mesos says. */
  sayAny(event: unknown): void {
    const record = JSON.stringify(event);
    this.write(`${Buffer.byteLength(record)}\n${record}`);
  }

  /** Into the stream as it is. */
  write(bytes: string | Buffer): void {
    assert.ok(this.stream, 'no executor has subscribed');
    this.stream.write(bytes);
  }

  /** Of the stream, that the executor has not taken. */
  get backlogBytes(): number {
    return this.stream?.writableLength ?? 0;
  }

  launch(assignment: Assignment): void {
    const task = {
      name: 'task',
      task_id: { value: assignment.taskId },
      agent_id: { value: 'S0' },
      data: encode(assignment),
    };
    this.send({ type: 'LAUNCH', launch: { task } });
  }

  kill(taskId: string): void {
    this.send({ type: 'KILL', kill: { task_id: { value: taskId } } });
  }

  acknowledge(status: TaskStatus): void {
    this.send({ type: 'ACKNOWLEDGED', acknowledged: { task_id: status.task_id, uuid: status.uuid as string } });
  }

  /** The newest update, once it has this state. */
  reaches(state: string, boundMs?: number): Promise<TaskStatus> {
    return eventually(
      `${state}; got ${JSON.stringify(this.updates.map(({ state, message }) => [state, message]))}`,
      () => {
        const last = this.updates.at(-1);
        return last?.state === state && last;
      },
      boundMs,
    );
  }

  private heard(message: ReplicaReport | HostReport): void {
    if ('host' in message) this.hosts.push(message);
    else this.messages.push(message);
  }

  private answer(call: ExecutorCall, response: ServerResponse): void {
    if (this.usurper(call, response)) return;
    if (call.type === 'SUBSCRIBE' && this.refusals > 0) {
      this.refusals -= 1;
      response.writeHead(503).end('Agent has not finished recovery');
      return;
    }
    if (call.type === 'SUBSCRIBE') this.subscribed(call, response);
    else response.writeHead(202).end();
    if (call.type === 'MESSAGE') this.heard(decode(call.message.data));
    if (call.type !== 'UPDATE') return;
    this.updates.push(call.update.status);
    if (this.acknowledges) this.acknowledge(call.update.status);
  }

  private subscribed(call: Extract<ExecutorCall, { type: 'SUBSCRIBE' }>, response: ServerResponse): void {
    this.subscriptions.push(call);
    this.stream = response.writeHead(200, { 'Content-Type': 'application/json' });
    const framework_info = { user: 'root', name: 'gaia', capabilities: [{ type: 'TASK_KILLING_STATE' as const }] };
    const subscribed = {
      executor_info: { executor_id: call.executor_id },
      framework_info,
      agent_info: { hostname: 'localhost' },
    };
    this.send({ type: 'SUBSCRIBED', subscribed });
  }
}

/** Where an executor runs that is not beside the test. */
export interface ExecutorHost {
  /** Where the agent listens for it. */
  agentAddress: string;
  /** Words before its command that start it there. */
  enter: string[];
}

const here: ExecutorHost = { agentAddress: '127.0.0.1', enter: [] };

/** One executor process with a sandbox of its own under a fake agent. */
export class Executor {
  readonly agent: FakeAgent;
  readonly sandbox: string;
  private child: ChildProcess | null = null;

  constructor(
    directory: string,
    private readonly env: Record<string, string> = {},
    private readonly host = here,
  ) {
    this.agent = new FakeAgent(host.agentAddress);
    this.sandbox = join(directory, 'sandbox');
    mkdirSync(this.sandbox);
  }

  /** Started and subscribed. */
  async start(): Promise<void> {
    await this.agent.start();
    const files = ['stdout', 'stderr'].map((name) => openSync(join(this.sandbox, name), 'a'));
    const [command, ...words] = [...this.host.enter, process.execPath, executorMain];
    this.child = spawn(command as string, words, {
      cwd: this.sandbox,
      stdio: ['ignore', ...files],
      env: {
        PATH: process.env.PATH,
        MESOS_AGENT_ENDPOINT: this.agent.endpoint,
        MESOS_FRAMEWORK_ID: 'framework-0000',
        MESOS_EXECUTOR_ID: 'executor-1',
        MESOS_SANDBOX: this.sandbox,
        MESOS_CHECKPOINT: '1',
        MESOS_SUBSCRIPTION_BACKOFF_MAX: '100ms',
        ...this.env,
      },
    });
    for (const file of files) closeSync(file);
    await eventually('SUBSCRIBE', () => this.agent.subscriptions.length > 0 || this.child?.exitCode !== null);
  }

  get pid(): number {
    return this.child?.pid as number;
  }

  output(name: 'stdout' | 'stderr' | 'executor.log'): string {
    return readFileSync(join(this.sandbox, name), 'utf8');
  }

  /** Its exit status, once it has ended by itself. */
  async ended(boundMs?: number): Promise<number> {
    await eventually('the end of the executor', () => this.child?.exitCode !== null, boundMs);
    return this.child?.exitCode as number;
  }

  async dispose(): Promise<void> {
    if (this.child?.exitCode === null && this.child.signalCode === null) {
      this.child.kill('SIGKILL');
      await once(this.child, 'exit');
    }
    await this.agent.stop();
  }
}
