/** What the API has refused, as a failure of a command. Pure. */
import { EXIT, type ExitCode, Failure } from './failure.js';
import { inCommands } from './in-commands.js';
import { gaia } from './program-name.js';

export interface ErrorBody {
  message?: string;
  remedy?: string;
  details?: string | { path: string; errors: string[] }[];
  deployments?: { id: string }[];
}

export function refusal(status: number, body: ErrorBody): Failure {
  const { message, remedy, details, deployments } = body;
  const lines =
    typeof details === 'string'
      ? [details]
      : (details ?? []).map(({ path, errors }) => `${path}: ${errors.join(' – ')}`);
  const locks = deployments === undefined ? [] : [`deployments: ${deployments.map(({ id }) => id).join(', ')}`];
  const text = [
    `The API refused: ${inCommands(message || `status ${status}`)}`,
    ...[...lines.map(inCommands), ...locks].map((line) => `  ${line}`),
  ].join('\n');
  const wait = `Wait for it with "${gaia} deployment wait ${deployments?.[0]?.id}", or repeat with --force.`;
  const then = deployments === undefined ? inCommands(remedy ?? 'Correct this and run the command again.') : wait;
  return new Failure(exitCodeOf(status), text, isForeign(status, message) ? foreignRemedy : then, { status, body });
}

/** An API that knows no such request is none of ours, or of another version; what it is told to be asked instead helps nobody. */
const isForeign = (status: number, message = '') => status === 405 || (status === 404 && message === 'URI not found');

const foreignRemedy = `It may be of another version than this command: compare "${gaia} status" with "${gaia} --version".`;

function exitCodeOf(status: number): ExitCode {
  if (status === 404) return EXIT.notFound;
  return status >= 500 ? EXIT.failed : EXIT.refused;
}
