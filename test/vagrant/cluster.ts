/** The cluster of `vagrant up` as a platform of the acceptance story. It is there already; so is the framework, on some of its machines. */
import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { installation } from '../../framework/installation.js';
import { type InMesos, inMesosOf, type Platform } from '../acceptance/platform.js';
import { Api, until } from '../e2e/system.js';
import { type Machine, VirtualMachines } from './machines.js';

/** In the folder vagrant/. */
export const description = 'cluster-small.json';
/** The directory of the box that its machines are made from. */
export const box = () =>
  execFileSync(join(installation.root, 'vagrant/box.sh'), ['--directory'], { encoding: 'utf8' }).trim();

const run = promisify(execFile);
const callMaxMs = 120_000;
const readyMaxMs = 600_000;
/** Answers cost emulated processors more than the wait for them. */
const pollMs = 500;
const role = 'gaia';

export class VagrantCluster implements Platform {
  readonly bind = '0.0.0.0';
  readonly transport = 'verbs';
  readonly machines: VirtualMachines;
  readonly #all: readonly Machine[];
  readonly #masterUrl: string;
  readonly #api: Api;

  /** `key`: file of the key that the machines know. */
  constructor(readonly key: string) {
    this.#all = JSON.parse(readFileSync(join(installation.root, 'vagrant', description), 'utf8')).machines;
    this.machines = new VirtualMachines(this.#all);
    const withRole = (name: string) => this.#all.find(({ roles }) => roles.includes(name))?.address;
    this.#masterUrl = `http://${withRole('master')}:5050`;
    this.#api = new Api(`http://${withRole('framework')}:8080`, pollMs);
  }

  async framework(): Promise<Api> {
    const agents = this.#all.filter(({ roles }) => roles.includes('agent')).length;
    await until('the framework is subscribed, and all agents are there', readyMaxMs, async () => {
      const { body } = await this.#api.request('GET', '/v2/info');
      const { activeAgents } = await this.inMesos();
      if (body.frameworkId !== null && body.master?.connected && activeAgents === agents) return true;
      throw new Error(JSON.stringify({ ...body, activeAgents }));
    });
    return this.#api;
  }

  async frameworkAgain(): Promise<Api> {
    const { body } = await this.#api.request('GET', '/v2/leader');
    await this.#shell(body.leader.replace(/:\d+$/, ''), 'sudo systemctl kill --signal=KILL gaia-framework');
    return this.framework();
  }

  async kill(host: string, pid: number): Promise<void> {
    await this.#shell(this.machines.named(host).address, `sudo kill -KILL ${pid}`);
  }

  inMesos(): Promise<InMesos> {
    return inMesosOf(this.#masterUrl, role);
  }

  /** The machines are destroyed with everything in them. */
  async stop(): Promise<void> {}

  async #shell(address: string, command: string): Promise<void> {
    const options = [
      '-i',
      this.key,
      '-o',
      'StrictHostKeyChecking=no',
      '-o',
      'UserKnownHostsFile=/dev/null',
      '-o',
      'LogLevel=ERROR',
    ];
    await run('ssh', [...options, `vagrant@${address}`, command], { timeout: callMaxMs });
  }
}
