/** A guest as a machine that members of a group run on. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { shellWord } from '../../framework/shell.js';
import type { Machine, MemberProcess, Order } from '../consensus/interpose/machine.js';
import { type Guest, servicePort } from './guest.js';

const consensusPortMin = 7100;

/** The program's environment is this and what the order says: no variable of the host's. */
const environment = { PATH: '/usr/sbin:/usr/bin', HOME: '/tmp' };

/** In the guest; of the same length for all members. */
const workingDirectory = (directory: string) => path.join('/tmp', path.basename(directory));

export class GuestMachine implements Machine {
  private nextPort = consensusPortMin;

  constructor(readonly guest: Guest) {}

  get host(): string {
    return this.guest.host;
  }

  async freePorts(): Promise<[number, number]> {
    return [this.nextPort++, servicePort];
  }

  clientPort(port: number): number {
    return this.guest.forwarded(port);
  }

  async start({ directory, argv, env }: Order): Promise<MemberProcess> {
    const variables = Object.entries({ ...environment, ...env }).map(([key, value]) => `${key}=${value}`);
    const program = ['env', '-i', ...variables, ...argv].map(shellWord).join(' ');
    // It runs in the guest's memory: each write to the shared folder would take milliseconds.
    const script = [
      '#!/bin/sh',
      `cp -r ${shellWord(directory)} /tmp/ && cd ${shellWord(workingDirectory(directory))} || exit 1`,
      `echo $$ >${shellWord(path.join(directory, 'pid'))}`,
      `exec ${program} </dev/null >${shellWord(path.join(directory, 'output'))} 2>&1`,
    ];
    writeFileSync(path.join(directory, 'start'), script.join('\n'), { mode: 0o755 });
    // Descriptor 3 has to be a Unix socket, as an executor gives it: socat stands between it and the connection.
    const channel = await this.guest.open(`cd ${shellWord(directory)} && exec socat - EXEC:./start,fdin=3,fdout=3`);
    const guest = this.guest;
    let exit: MemberProcess['exit'] = null;
    channel.once('close', () => {
      exit = { code: null, signal: null };
    });
    return {
      channel,
      kill(signal) {
        const pid = readFileSync(path.join(directory, 'pid'), 'utf8').trim();
        guest.run(`kill -s ${signal.slice(3)} ${pid}`).catch(() => {});
      },
      get exit() {
        return exit;
      },
    };
  }

  async collect(directory: string): Promise<void> {
    await this.guest.expect(`cp ${shellWord(workingDirectory(directory))}/.gaia/trace ${shellWord(directory)}/.gaia/`);
  }
}
