/** Two QEMUs with one guest, and the two ends of the relay between them, as processes of a test. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { RoundReport } from '../../executor/assignment.js';
import type { Machine } from '../../executor/vm/machine.js';
import { prepareGuestImage } from '../../framework/guest/image.js';
import { freePort } from '../consensus/ports.js';
import { until } from '../e2e/system.js';
import { bare, patienceMs, TestMachine } from './machine.js';

export const native = fileURLToPath(new URL('../../../build/native/', import.meta.url));
const secret = '5a'.repeat(32);
/** What the comparison of both memories listens to (verify_identity.cc). */
export const verifiedTraces = ['-trace', 'colo_flush_ram_cache_end', '-trace', 'colo_receive_message'];
export const neverMs = 1_000_000_000;
const guestWords = 'quiet nokaslr no_timer_check mitigations=off';

/** What the primary's end says of a round. */
export interface Round extends RoundReport {
  againPages: number;
  stateBytes: number;
  stateSentBytes: number;
  toPrimaryBytes: number;
}

/** One end of the relay. */
export class RelayEnd {
  readonly said: Record<string, unknown>[] = [];
  private constructor(readonly child: ChildProcess) {
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) =>
      this.said.push(JSON.parse(line)),
    );
  }

  static async start(words: string[]): Promise<RelayEnd> {
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', path.join(native, 'gaia-relay-process'), ...words], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { GAIA_SECRET: secret },
    });
    child.stdin.on('error', () => {});
    const end = new RelayEnd(child);
    await end.next('open');
    return end;
  }

  async next(type: string, from = 0): Promise<Record<string, unknown>> {
    return until(`the relay says "${type}"; it says ${JSON.stringify(this.said.slice(-2))}`, patienceMs, async () => {
      return this.said.slice(from).find((one) => one.type === type) ?? null;
    });
  }

  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
  }
}

export class RelayedPair {
  private constructor(
    private readonly directory: string,
    readonly primary: TestMachine,
    readonly backup: TestMachine,
    readonly primaryEnd: RelayEnd,
    readonly backupEnd: RelayEnd,
    /** Ports of the host that lead to the guest's redis-server, of each machine. */
    readonly ports: { primary: number; backup: number },
  ) {}

  /** Boots the guest, lets `prepare` use it, and seeds the backup. */
  static async start(
    directory: string,
    change: Partial<Machine>,
    prepare: (port: number) => Promise<void>,
  ): Promise<RelayedPair> {
    const ports = { primary: await freePort(), backup: await freePort() };
    const started: { kill(): Promise<void> }[] = [];
    try {
      const primary = await startSide(directory, 'primary', ports.primary, change);
      started.push(primary);
      await primary.qmp.execute('cont', {});
      await prepare(ports.primary);
      const backup = await startSide(directory, 'backup', ports.backup, change);
      started.push(backup);
      const [into, out] = [path.join(directory, 'in'), path.join(directory, 'out')];
      await backup.qmp.execute('migrate-incoming', { uri: `unix:${into}` });
      const backupEnd = await RelayEnd.start([
        'backup',
        into,
        '127.0.0.1',
        `memory=${memoryFile(directory, 'backup')}`,
      ]);
      started.push(backupEnd);
      const port = String((await backupEnd.next('open')).port);
      const primaryEnd = await RelayEnd.start(['primary', out, '127.0.0.1', port]);
      started.push(primaryEnd);
      const pair = new RelayedPair(directory, primary, backup, primaryEnd, backupEnd, ports);
      await pair.seed(out);
      return pair;
    } catch (error) {
      for (const one of started.reverse()) await one.kill();
      throw error;
    }
  }

  private async seed(out: string): Promise<void> {
    for (const { qmp } of [this.backup, this.primary])
      await qmp.execute('migrate-set-capabilities', { capabilities: [{ capability: 'x-colo', state: true }] });
    await this.primary.qmp.execute('migrate-set-parameters', {
      'x-checkpoint-delay': neverMs,
      'max-bandwidth': 2 ** 33,
    });
    await this.primary.qmp.execute('migrate', { uri: `unix:${out}` });
    await until('COLO begins', patienceMs, async () => {
      const { status } = await this.primary.qmp.execute('query-migrate', {});
      if (status === 'failed') throw new Error(`the seed failed: ${this.output()}`);
      return status === 'colo' ? true : null;
    });
  }

  /** Asks for a round; it may not have ended when this has. */
  async trigger(why: string): Promise<void> {
    this.primaryEnd.child.stdin?.write(`round ${why}\n`);
    await this.primary.qmp.execute('migrate-set-parameters', { 'x-checkpoint-delay': neverMs });
  }

  async round(why = 'test'): Promise<Round> {
    const from = this.primaryEnd.said.length;
    await this.trigger(why);
    return (await this.primaryEnd.next('round', from).catch((error) => {
      throw new Error(`${error.message}; ${this.output()}`);
    })) as unknown as Round;
  }

  /** How many pages differed at the end of each round, compared by the backup's QEMU before its guest ran. */
  differences(): number[] {
    const file = path.join(this.directory, 'verified');
    const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
    return lines.map((line) => Number(line.split(' ')[1]));
  }

  /** The primary's machine is gone, with the relay on it. */
  async losePrimary(): Promise<void> {
    await Promise.all([this.primary.kill(), this.primaryEnd.kill()]);
  }

  /** The backup's guest runs alone from now on. */
  async failOver(): Promise<void> {
    await this.backup.qmp.execute('x-colo-lost-heartbeat', {});
    await until('the backup runs alone', patienceMs, async () => {
      const { running } = await this.backup.qmp.execute('query-status', {});
      const { mode } = await this.backup.qmp.execute('query-colo-status', {});
      return running && mode === 'none' ? true : null;
    });
  }

  async stop(): Promise<void> {
    for (const one of [this.primary, this.backup, this.primaryEnd, this.backupEnd]) await one.kill();
  }

  private output(): string {
    return [this.primary, this.backup].map(({ output }) => output.slice(-500)).join('\n--\n');
  }
}

function memoryFile(directory: string, side: string): string {
  return path.join(directory, `${side}.memory`);
}

function startSide(
  directory: string,
  side: 'primary' | 'backup',
  port: number,
  change: Partial<Machine>,
): Promise<TestMachine> {
  const doors = [{ protocol: 'tcp' as const, listen: '127.0.0.1', hostPort: port, guestPort: 6379 }];
  const machine: Machine = {
    ...bare,
    ...prepareGuestImage(),
    ...{ commandLine: guestWords, memoryMib: 128, network: { type: 'user', doors }, ...change },
    ...{ memoryFile: memoryFile(directory, side), incoming: side === 'backup' },
  };
  const preloads = ['libgaia-tcg-colo.so', 'libgaia-verify-identity.so'];
  const env = {
    ...(side === 'primary' ? { GAIA_VERIFY_WAITS: 'yes' } : {}),
    LD_PRELOAD: preloads.map((name) => path.join(native, name)).join(':'),
    GAIA_VERIFY_OWN: memoryFile(directory, 'backup'),
    GAIA_VERIFY_OTHER: memoryFile(directory, 'primary'),
    GAIA_VERIFY_LOG: path.join(directory, 'verified'),
  };
  return TestMachine.start(machine, env, verifiedTraces);
}
