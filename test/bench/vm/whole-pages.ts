/** Checkpoints of whole pages at a fixed interval; the guest's output leaves when the backup has them (whole_pages.cc). Nothing runs at the backup. */
import path from 'node:path';
import { TestMachine } from '../../vm/machine.js';
import {
  type Arrangement,
  boot,
  native,
  type Place,
  preload,
  type Round,
  running,
  seed,
  stepLimitMs,
  stockMachine,
} from './arrangement.js';
import { Helper, type Line } from './helper.js';
import type { Link } from './load-shape.js';

const program = path.join(native, 'gaia-whole-pages');

/** From one checkpoint to the next, if that can be acknowledged so fast. */
export function everyMs(intervalsMs: Record<Link, number>) {
  return async ({ network, directory, ports }: Place): Promise<Arrangement> => {
    const started: { kill(): Promise<void> }[] = [];
    const keep = <T extends { kill(): Promise<void> }>(one: T): T => {
      started.push(one);
      return one;
    };
    const stop = async () => {
      for (const one of started.toReversed()) await one.kill();
    };
    try {
      const sockets = ['stream', 'taken', 'given'].map((name) => path.join(directory, name));
      const rounds: Round[] = [];
      const address = network.address('backup');
      const backup = keep(new Helper(command(network.at('backup'), ['backup', address])));
      const { port } = await backup.says('open', stepLimitMs);
      const words = ['primary', ...sockets, address, String(port)];
      const primary = keep(new Helper(command(network.at('primary'), words), (line) => hear(line, rounds)));
      await primary.says('open', stepLimitMs);
      const qemu = [stockMachine(ports), preload(native), filters(sockets), network.at('primary')] as const;
      const machine = keep(await TestMachine.start(...qemu));
      await boot(machine);
      await seed(machine, `unix:${sockets[0]}`, intervalsMs.unlimited);
      primary.order('rounds');
      await primary.says('round', stepLimitMs);
      await running(machine);
      const over = (link: Link) =>
        machine.qmp.execute('migrate-set-parameters', { 'x-checkpoint-delay': intervalsMs[link] });
      return { ports, primary: { qemu: machine.pid, beside: primary.pid }, rounds, over, stop };
    } catch (error) {
      await stop();
      throw error;
    }
  };
}

const command = (at: string[], words: string[]) => [...at, 'setpriv', '--pdeathsig', 'KILL', program, ...words];

function hear(line: Line, rounds: Round[]): void {
  if (line.type !== 'round') return;
  const { dirtyPages, pauseUs } = line as unknown as Round;
  rounds.push({ dirtyPages, sentPages: dirtyPages, pauseUs });
}

/** All that the guest says goes to our program, and what that gives back leaves. */
function filters([, taken, given]: string[]): string[] {
  return [
    ...['-chardev', `socket,id=taken,path=${taken}`, '-chardev', `socket,id=given,path=${given}`],
    ...['-object', 'filter-redirector,id=give,netdev=network,queue=rx,indev=given'],
    ...['-object', 'filter-redirector,id=take,netdev=network,queue=rx,outdev=taken'],
  ];
}
