import type { CommandInfo } from '../mesos-http-client/types.js';

/** How a command is started. shell: `/bin/sh -c value`; else `value` with `arguments` as argv, argv[0] included. */
export function commandLine(command: CommandInfo): { file: string; argv: string[] } {
  const value = command.value ?? '';
  if (command.shell !== false) return { file: '/bin/sh', argv: ['sh', '-c', value] };
  return { file: value, argv: command.arguments ?? [] };
}

/** What a command adds to its environment. */
export function variablesOf({ environment }: CommandInfo = {}): Record<string, string> {
  return Object.fromEntries((environment?.variables ?? []).map(({ name, value }) => [name, value ?? '']));
}
