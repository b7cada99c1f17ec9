/** What a program's own client tools do in the story of the catalogue: every program keeps values under names. */
import { spawn } from 'node:child_process';

export type Values = Map<string, string>;

export interface Client {
  /** Resolves when the program has acknowledged all of them; may be repeated. */
  write(port: number, values: Values): Promise<void>;
  /** The values of these names, as the program tells them. Rejects when it lacks one. */
  read(port: number, names: string[]): Promise<Values>;
  /** Before the first value is written; may be repeated. */
  begin?(port: number): Promise<void>;
  /** When all have been written, with what was acknowledged last. Rejects where that is not so. */
  end?(port: number, expected: Values): Promise<void>;
  /** Load by the program's own tool, whose answers only the replicas compare. */
  stir?(port: number, seed: number): Promise<void>;
}

interface ToolLimits {
  timeoutMs?: number;
  /** Exit codes that are no failure. */
  allowed?: number[];
}

/** Standard output of a tool that has ended well. */
export function runTool(file: string, args: (string | number)[], input = '', limits: ToolLimits = {}): Promise<string> {
  const { timeoutMs = 30_000, allowed = [0] } = limits;
  return new Promise((resolve, reject) => {
    const child = spawn(file, args.map(String), { stdio: 'pipe', timeout: timeoutMs, killSignal: 'SIGKILL' });
    let output = '';
    let complaint = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (complaint += chunk));
    child.once('error', reject);
    child.once('close', (status, signal) => {
      if (allowed.includes(status ?? -1)) resolve(output);
      else reject(new Error(`${file} ended with ${status ?? signal}: ${complaint || output.slice(0, 500)}`));
    });
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

/** Pairs names with lines of output, one a name. */
export function pair(names: string[], output: string): Values {
  const lines = output.split('\n').filter((line) => line !== '');
  if (lines.length !== names.length)
    throw new Error(`${names.length} values were asked for, ${lines.length} came: ${output.slice(0, 500)}`);
  return new Map(names.map((name, i) => [name, lines[i] as string]));
}
