/** Runs gaia-simulator and takes its summary (its last line, one JSON object). */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../../build/native/gaia-simulator', import.meta.url));

export interface Summary {
  lives: number;
  seconds: number;
  digest: string;
  /** The lowest seed that broke a promise, and the check that noticed. */
  failedSeed?: number;
  check?: string;
  [count: string]: unknown;
}

export interface Simulated {
  /** 0: every promise was kept, 1: one was broken; null: it was stopped after `secondsMax`, or crashed. */
  status: number | null;
  text: string;
  summary: Summary | null;
}

export function simulate(args: string[], secondsMax: number): Promise<Simulated> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...args, '--json'], {
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: secondsMax * 1000,
    });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    child.once('error', reject);
    child.once('close', (status) => {
      const last = text.trimEnd().split('\n').at(-1) ?? '';
      resolve({ status, text, summary: last.startsWith('{') ? (JSON.parse(last) as Summary) : null });
    });
  });
}

export const sum = (summary: Summary, name: string) => (summary[name] as { sum: number }).sum;
export const median = (summary: Summary, name: string) => (summary[name] as { median: number }).median;
