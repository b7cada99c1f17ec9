/** A guest on a bridge of its host, in namespaces of its own: prints what a client on the bridge is answered. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { prepareGuestImage } from '../../framework/guest/image.js';
import { Executor } from '../executor/fake-agent.js';
import { assignment } from '../executor/fixtures.js';
import { bridgedGuestAddress, bridgedGuestWords, enterNamespaces, makeSwitch, switchName } from '../namespaces.js';
import { redisPort, smallGuest } from './hosted.js';
import { patienceMs } from './machine.js';
import { redisAt } from './redis.js';

const bridge = { name: switchName, mac: '02:67:61:69:61:02' };

/** In what QEMU's helper reads, a file of the namespace's own /etc. */
function allowBridge(directory: string): void {
  const [upper, work] = ['upper', 'work'].map((name) => path.join(directory, name)) as [string, string];
  execFileSync('mount', ['-t', 'tmpfs', 'none', directory]);
  mkdirSync(path.join(upper, 'qemu'), { recursive: true });
  mkdirSync(work);
  writeFileSync(path.join(upper, 'qemu/bridge.conf'), `allow ${bridge.name}\n`);
  const layers = `lowerdir=/etc,upperdir=${upper},workdir=${work}`;
  execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', layers, '/etc']);
}

async function answered(directory: string): Promise<unknown> {
  const { memoryMib, vcpus, disk } = smallGuest;
  const commandLine = `${smallGuest.commandLine} ${bridgedGuestWords}`;
  const vm = { ...image, commandLine, memoryMib, vcpus, disk, doors: [], bridge, group: null };
  const executor = new Executor(directory);
  try {
    await executor.start();
    executor.agent.launch(assignment({ command: { vm }, ports: [] }));
    await executor.agent.reaches('TASK_RUNNING', patienceMs);
    const client = await redisAt(redisPort, bridgedGuestAddress);
    return await client.call('INCR', 'k');
  } finally {
    await executor.dispose();
  }
}

const image = prepareGuestImage(); // may need the network that is left now
const status = enterNamespaces();
if (status !== null) process.exit(status);
const directory = mkdtempSync(path.join(tmpdir(), 'gaia-bridged-'));
try {
  makeSwitch();
  allowBridge(directory);
  const sandbox = path.join(directory, 'executor');
  mkdirSync(sandbox);
  process.stdout.write(`answered ${await answered(sandbox)}\n`);
} finally {
  for (const place of ['/etc', directory]) execFileSync('umount', ['--lazy', place]); // processes that end may be there
  rmdirSync(directory);
}
process.exit(0);
