/** Where members run: this machine, or another that a test has, such as a guest. */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type net from 'node:net';
import path from 'node:path';
import type { Duplex } from 'node:stream';
import { freePort } from '../ports.js';

export interface Order {
  /** With the program's files, on this machine. Its output goes to the file `output` in it. */
  directory: string;
  argv: [string, ...string[]];
  env: Record<string, string>;
}

export interface MemberProcess {
  /** The other end of the program's descriptor 3. */
  readonly channel: Duplex;
  /** Null while it runs. Code and signal are null where the machine cannot say. */
  readonly exit: { code: number | null; signal: string | null } | null;
  kill(signal: NodeJS.Signals): void;
}

export interface Machine {
  /** Where other members reach this one. */
  readonly host: string;
  /** A consensus port and a service port that were free there a moment ago. */
  freePorts(): Promise<[consensusPort: number, servicePort: number]>;
  /** The port on this machine's loopback at which clients reach that service port. */
  clientPort(servicePort: number): number;
  start(order: Order): Promise<MemberProcess>;
  /** Brings the trace that the program has written by now into its directory on this machine. */
  collect(directory: string): Promise<void>;
}

export const thisMachine: Machine = {
  host: '127.0.0.1',
  async freePorts() {
    return [await freePort(), await freePort()];
  },
  clientPort: (servicePort) => servicePort,
  async start({ directory, argv: [file, ...args], env }) {
    const output = openSync(path.join(directory, 'output'), 'w');
    const stdio: ['ignore', number, number, 'pipe'] = ['ignore', output, output, 'pipe'];
    const child = spawn(file, args, { cwd: directory, stdio, env: { ...process.env, ...env } });
    closeSync(output);
    let exit: MemberProcess['exit'] = null;
    child.on('exit', (code, signal) => {
      exit = { code, signal };
    });
    return {
      channel: child.stdio[3] as net.Socket,
      kill: (signal) => child.kill(signal),
      get exit() {
        return exit;
      },
    };
  },
  async collect() {},
};
