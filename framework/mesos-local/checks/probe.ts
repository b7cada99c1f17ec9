import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { Agent, fetch } from 'undici';
import { commandLine } from '../command-line.js';
import { signalGroup } from '../process-group.js';
import type { Probe, ProbeResult } from './plan.js';

/** Tries once, in the sandbox and with the environment of the task. Never rejects. */
export function tryProbe(probe: Probe, timeoutMs: number, env: NodeJS.ProcessEnv): Promise<ProbeResult> {
  switch (probe.type) {
    case 'COMMAND':
      return tryCommand(probe, timeoutMs, env);
    case 'HTTP':
      return tryHttp(probe.url, timeoutMs);
    case 'TCP':
      return tryTcp(probe.port, timeoutMs);
  }
}

function tryCommand(
  { command }: Extract<Probe, { type: 'COMMAND' }>,
  timeoutMs: number,
  env: NodeJS.ProcessEnv,
): Promise<ProbeResult> {
  const { file, argv } = commandLine(command);
  const own = Object.fromEntries((command.environment?.variables ?? []).map(({ name, value }) => [name, value ?? '']));
  return new Promise((resolve) => {
    const child = spawn(file, argv.slice(1), {
      argv0: argv[0] ?? file,
      detached: true,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...env, ...own },
    });
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      signalGroup(child, 'SIGKILL');
    }, timeoutMs);
    const finish = (exitCode: number | null) => {
      clearTimeout(timer);
      signalGroup(child, 'SIGKILL');
      resolve({ type: 'COMMAND', exitCode: late ? null : exitCode });
    };
    child.once('error', () => finish(null));
    child.once('exit', (code, signal) => finish(signal === null ? code : null));
  });
}

/** Redirections are followed and certificates are not looked at, as Mesos' own checks do. */
async function tryHttp(url: string, timeoutMs: number): Promise<ProbeResult> {
  const dispatcher = new Agent({ connect: { rejectUnauthorized: false }, pipelining: 0 });
  try {
    const answer = await fetch(url, { dispatcher, signal: AbortSignal.timeout(timeoutMs) });
    await answer.body?.cancel();
    return { type: 'HTTP', status: answer.status };
  } catch {
    return { type: 'HTTP', status: null };
  } finally {
    await dispatcher.destroy();
  }
}

function tryTcp(port: number, timeoutMs: number): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const finish = (connected: boolean) => {
      socket.destroy();
      resolve({ type: 'TCP', connected });
    };
    socket.setTimeout(timeoutMs, () => finish(false));
    socket.once('connect', () => finish(true)).once('error', () => finish(false));
  });
}
