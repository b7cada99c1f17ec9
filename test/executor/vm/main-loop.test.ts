import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { MainLoop } from '../../../executor/vm/main-loop.js';

/** Words before a command that is to run without the right. Whoever has less rights than a process may not touch it at all. */
const withoutRight = ['setpriv', '--bounding-set=-sys_nice', '--inh-caps=-sys_nice'];
const module = new URL('../../../executor/vm/main-loop.js', import.meta.url).href;

/** CAP_SYS_NICE is number 23. */
function mayRaise(): boolean {
  const effective = /CapEff:\s*(\S+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  return (BigInt(`0x${effective}`) & (1n << 23n)) !== 0n;
}

function commandOf(command: string[]): [string, string[]] {
  const [program = '', ...words] = mayRaise() ? [...withoutRight, ...command] : command;
  return [program, words];
}

describe('executor vm: the main loop of QEMU', () => {
  let qemu: ChildProcess;

  /** Node stands in for QEMU: it has threads besides the first. */
  beforeEach(async () => {
    qemu = spawn(...commandOf([process.execPath, '-e', 'setInterval(() => {}, 1000); console.log("up")']));
    await once(qemu.stdout as NodeJS.ReadableStream, 'data');
  });
  afterEach(async () => {
    const ended = once(qemu, 'exit');
    qemu.kill('SIGKILL');
    await ended;
  });

  /** Of each thread, the first one first. proc(5): the 17th field behind the name in brackets. */
  function priorities(): number[] {
    const tasks = `/proc/${qemu.pid}/task`;
    const stats = readdirSync(tasks).map((thread) => readFileSync(`${tasks}/${thread}/stat`, 'utf8'));
    return stats.map((stat) => Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]));
  }

  it('gives way, alone of all threads, and comes back', function () {
    if (!mayRaise()) return this.skip();
    const [usual = 0, ...others] = priorities();
    assert.ok(others.length > 0);
    const loop = new MainLoop(qemu.pid as number);
    loop.giveWay(true);
    assert.deepEqual(priorities(), [Math.min(19, usual + 7), ...others]);
    loop.giveWay(true);
    assert.deepEqual(priorities(), [Math.min(19, usual + 7), ...others]);
    loop.giveWay(false);
    assert.deepEqual(priorities(), [usual, ...others]);
  });

  it('stays as it is where it could not come back', () => {
    const before = priorities();
    const script = `const { MainLoop } = await import('${module}'); new MainLoop(${qemu.pid}).giveWay(true);`;
    const node = [process.execPath, '--input-type=module', '-e', script];
    execFileSync(...commandOf(node));
    assert.deepEqual(priorities(), before);
  });

  it('of a QEMU that is gone is let be', async () => {
    const loop = new MainLoop(qemu.pid as number);
    const ended = once(qemu, 'exit');
    qemu.kill('SIGKILL');
    await ended;
    loop.giveWay(true);
    new MainLoop(qemu.pid as number).giveWay(true);
    qemu = spawn('sleep', ['60']);
  });
});
