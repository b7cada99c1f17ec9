/**
 * QEMU's own COLO as its docs/COLO-FT.txt has it: the backup's guest gets copies of all frames, its answers are compared at the primary, and
 * a difference begins a checkpoint. Every page that either guest has written crosses then.
 */
import { freePort } from '../../consensus/ports.js';
import { TestMachine } from '../../vm/machine.js';
import { type Arrangement, boot, native, type Place, preload, running, seed, stockMachine } from './arrangement.js';

/** Of docs/COLO-FT.txt; a difference comes earlier. */
const checkpointDelayMs = 2000;

export async function start({ network, directory, ports }: Place): Promise<Arrangement> {
  const [mirrored, compared, migration] = [await freePort(), await freePort(), await freePort()];
  const host = network.address('primary');
  const machines: TestMachine[] = [];
  const stop = async () => {
    for (const machine of machines) await machine.kill();
  };
  const begin = async (place: 'primary' | 'backup', words: string[]) => {
    const machine = stockMachine(ports, { incoming: place === 'backup' });
    const started = await TestMachine.start(machine, preload(native), words, network.at(place));
    machines.push(started);
    return started;
  };
  try {
    const primary = await begin('primary', primaryWords(host, mirrored, compared, directory));
    const backup = await begin('backup', backupWords(host, mirrored, compared));
    await boot(primary);
    const uri = `tcp:${network.address('backup')}:${migration}`;
    await backup.qmp.execute('migrate-set-capabilities', { capabilities: [{ capability: 'x-colo', state: true }] });
    await backup.qmp.execute('migrate-incoming', { uri });
    await seed(primary, uri, checkpointDelayMs);
    await running(primary);
    return { ports, primary: { qemu: primary.pid, beside: null }, rounds: [], stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function primaryWords(host: string, mirrored: number, compared: number, directory: string): string[] {
  const inner = (id: string) => [
    ...['-chardev', `socket,id=${id},path=${directory}/${id},server=on,wait=off`],
    ...['-chardev', `socket,id=${id}-0,path=${directory}/${id}`],
  ];
  return [
    ...['-chardev', `socket,id=mirrored,host=${host},port=${mirrored},server=on,wait=off`],
    ...['-chardev', `socket,id=compared,host=${host},port=${compared},server=on,wait=off`],
    ...inner('own'),
    ...inner('out'),
    ...['-object', 'filter-mirror,id=mirror,netdev=network,queue=tx,outdev=mirrored'],
    ...['-object', 'filter-redirector,id=give,netdev=network,queue=rx,indev=out'],
    ...['-object', 'filter-redirector,id=take,netdev=network,queue=rx,outdev=own'],
    ...['-object', 'iothread,id=comparer'],
    ...['-object', 'colo-compare,id=compare,primary_in=own-0,secondary_in=compared,outdev=out-0,iothread=comparer'],
  ];
}

function backupWords(host: string, mirrored: number, compared: number): string[] {
  return [
    ...['-chardev', `socket,id=mirrored,host=${host},port=${mirrored},reconnect=1`],
    ...['-chardev', `socket,id=compared,host=${host},port=${compared},reconnect=1`],
    ...['-object', 'filter-redirector,id=get,netdev=network,queue=tx,indev=mirrored'],
    ...['-object', 'filter-redirector,id=tell,netdev=network,queue=rx,outdev=compared'],
    ...['-object', 'filter-rewriter,id=rewrite,netdev=network,queue=all'],
  ];
}
