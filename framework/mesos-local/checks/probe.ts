import { runCommand } from '../../probes/command.js';
import { probe as probeOnce } from '../../probes/probe.js';
import type { ProbeOutcome } from '../../probes/types.js';
import { commandLine } from '../command-line.js';
import type { Probe } from './plan.js';

/** As curl does, which Mesos' own checks run. */
const REDIRECTS_MAX = 50;

/** Tries once, in the sandbox and with the environment of the task. Never rejects. */
export function tryProbe(probe: Probe, timeoutMs: number, env: NodeJS.ProcessEnv): Promise<ProbeOutcome> {
  if (probe.type !== 'command') {
    return probeOnce({ target: probe, timeoutMs, bodyBytesMax: 0, redirectsMax: REDIRECTS_MAX });
  }
  const variables = probe.command.environment?.variables ?? [];
  const own = Object.fromEntries(variables.map(({ name, value }) => [name, value ?? '']));
  return runCommand({ ...commandLine(probe.command), timeoutMs, env: { ...env, ...own }, output: 'inherit' });
}
