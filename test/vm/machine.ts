/** A QEMU process of a test; it dies with the test's. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { type Machine, machineArguments } from '../../executor/vm/machine.js';
import { Qmp } from '../../executor/vm/qmp.js';
import type { QmpEvent } from '../../executor/vm/qmp-types.js';

/** For a machine that has other work. */
export const patienceMs = 120_000;

/** A guest of nothing but 16 MB, which is not started: QEMU and its QMP are there at once. */
export const bare: Machine = {
  kernel: null,
  initrd: null,
  commandLine: '',
  memoryMib: 16,
  vcpus: 1,
  disk: null,
  accelerator: 'tcg',
  network: { type: 'none' },
  memoryFile: null,
  incoming: false,
};

export class TestMachine {
  output = '';
  readonly events: QmpEvent[] = [];
  onEvent: (event: QmpEvent) => void = () => {};

  private constructor(
    readonly child: ChildProcess,
    readonly connection: Duplex,
  ) {
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (bytes) => (this.output += bytes));
  }

  qmp!: Qmp;

  /** `more` are further words of QEMU's command line, `before` those of a command that becomes it. */
  static async start(
    machine: Machine,
    env: Record<string, string> = {},
    more: string[] = [],
    before: string[] = [],
  ): Promise<TestMachine> {
    const qemu = ['setpriv', '--pdeathsig', 'KILL', 'qemu-system-x86_64', ...machineArguments(machine), ...more];
    const [program = '', ...words] = [...before, ...qemu];
    const child = spawn(program, words, {
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    const started = new TestMachine(child, child.stdio[3] as Duplex);
    try {
      started.qmp = await Qmp.open(started.connection, (event) => started.hear(event), patienceMs);
      return started;
    } catch (error) {
      await started.kill();
      throw new Error(`${(error as Error).message}: ${started.output}`);
    }
  }

  private hear(event: QmpEvent): void {
    this.events.push(event);
    this.onEvent(event);
  }

  /** Of QEMU, which the command before it has become. */
  get pid(): number {
    return this.child.pid as number;
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Ends at once, as a machine does that loses power. */
  async kill(): Promise<void> {
    if (!this.running) return;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
  }
}
