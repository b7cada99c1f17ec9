import { runCommand } from '../../probes/command.js';
import { probe as probeOnce } from '../../probes/probe.js';
import type { ProbeOutcome } from '../../probes/types.js';
import { commandLine, variablesOf } from '../command-line.js';
import type { Probe } from './plan.js';

/** As curl does, which Mesos' own checks run. */
const REDIRECTS_MAX = 50;

/** Tries once, in the sandbox and with the environment of the task. Never rejects. */
export function tryProbe(probe: Probe, timeoutMs: number, env: NodeJS.ProcessEnv): Promise<ProbeOutcome> {
  if (probe.type !== 'command') {
    return probeOnce({ target: probe, timeoutMs, bodyBytesMax: 0, redirectsMax: REDIRECTS_MAX });
  }
  const { command } = probe;
  return runCommand({
    ...commandLine(command),
    timeoutMs,
    env: { ...env, ...variablesOf(command) },
    output: 'inherit',
  });
}
