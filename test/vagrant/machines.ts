/** Machines that libvirt runs, as the Vagrantfile names them: they lose their power, and their racks their switch. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Machines } from '../acceptance/platform.js';

/** One of cluster.json. */
export interface Machine {
  name: string;
  address: string;
  roles: string[];
  rack?: string;
  zone?: string;
}

const run = promisify(execFile);
const callMaxMs = 120_000;
const network = 'gaia';
const domainOf = (host: string) => `gaia-${host}`;

export class VirtualMachines implements Machines {
  constructor(readonly all: readonly Machine[]) {}

  named(name: string): Machine {
    const machine = this.all.find((one) => one.name === name);
    if (machine === undefined) throw new Error(`no machine is called ${name}`);
    return machine;
  }

  async kill(host: string): Promise<void> {
    await virsh('destroy', domainOf(host));
  }

  async start(host: string): Promise<void> {
    await virsh('start', domainOf(host));
  }

  /** The machines' cables stay plugged in, but lead nowhere. */
  async cutRackOf(host: string): Promise<() => Promise<void>> {
    const { rack } = this.named(host);
    const cut = this.all.filter((one) => one.rack === rack);
    const cables = await Promise.all(cut.map(({ name }) => cableOf(name)));
    const bridges = await Promise.all(cables.map(bridgeOf));
    for (const cable of cables) await run('ip', ['link', 'set', cable, 'nomaster']);
    return async () => {
      for (const [at, cable] of cables.entries())
        await run('ip', ['link', 'set', cable, 'master', bridges[at] as string]);
    };
  }
}

async function virsh(...words: string[]): Promise<string> {
  return (await run('virsh', ['--connect', 'qemu:///system', ...words], { timeout: callMaxMs })).stdout;
}

/** Not from /sys, which shows the network that it was mounted in. */
async function bridgeOf(cable: string): Promise<string> {
  const [{ master }] = JSON.parse((await run('ip', ['-json', 'link', 'show', 'dev', cable])).stdout);
  return master;
}

/** The end that this machine has of its link to the network of the cluster. */
async function cableOf(host: string): Promise<string> {
  const lines = (await virsh('domiflist', domainOf(host))).split('\n').map((line) => line.trim().split(/\s+/));
  const cable = lines.find(([, , source]) => source === network)?.[0];
  if (cable === undefined) throw new Error(`${host} is not linked to the network ${network}`);
  return cable;
}
