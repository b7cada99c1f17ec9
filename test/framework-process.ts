/** The framework in a process of its own. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../framework/main.js', import.meta.url));
const readyMaxMs = 15_000;
const toldMaxMs = 10_000;

export class FrameworkProcess {
  readonly process: ChildProcess;
  log = '';
  url = '';

  /** Its API has a port of its own. `enter`: what starts a program on the machine where it runs, if not here. */
  constructor(args: string[], enter: string[] = []) {
    const [program = process.execPath, ...words] = [
      ...enter,
      process.execPath,
      main,
      '--listen',
      '127.0.0.1:0',
      ...args,
    ];
    this.process = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.process.stderr?.on('data', (bytes) => {
      this.log += bytes;
    });
  }

  /** Resolves when the API answers. Fails with the log when the process ends before, or takes too long, and is killed then. */
  async ready(maxMs = readyMaxMs): Promise<this> {
    const lines = createInterface({ input: this.process.stdout as NodeJS.ReadableStream });
    const ended = once(this.process, 'exit').then(() => assert.fail(this.log));
    const line = once(lines, 'line', { signal: AbortSignal.timeout(maxMs) }).catch(() => {
      this.process.kill('SIGKILL');
      assert.fail(`the framework was not ready within ${maxMs} ms: ${this.log}`);
    });
    const [text] = (await Promise.race([line, ended])) as [string];
    this.url = JSON.parse(text).url;
    return this;
  }

  get ended(): boolean {
    return this.process.exitCode !== null || this.process.signalCode !== null;
  }

  /** SIGHUP; resolves when the log has `told`. */
  async renew(told: string): Promise<void> {
    this.process.kill('SIGHUP');
    const signal = AbortSignal.timeout(toldMaxMs);
    while (!this.log.includes(told)) await once(this.process.stderr as NodeJS.ReadableStream, 'data', { signal });
  }
}
