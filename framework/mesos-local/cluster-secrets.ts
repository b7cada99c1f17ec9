import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Credentials } from '../mesos-http-client/index.js';

/** The files of a cluster in which everybody is authenticated: below its directory, for its user alone. */

interface Secured {
  directory: string;
  principals?: readonly Credentials[];
}

const AGENT_PRINCIPAL = 'mesos-local-agent';
const KEY_BYTES = 32;

const pathOf = ({ directory }: Secured, name: string): string => join(directory, 'secrets', name);

function write(secured: Secured, name: string, text: string): void {
  writeFileSync(pathOf(secured, name), text, { mode: 0o600 });
}

/** Does nothing for a cluster without principals. */
export function writeSecrets(secured: Secured): void {
  const { directory, principals } = secured;
  if (!principals) return;
  mkdirSync(join(directory, 'secrets'), { recursive: true, mode: 0o700 });
  const agent = { principal: AGENT_PRINCIPAL, secret: randomBytes(KEY_BYTES).toString('hex') };
  write(secured, 'credentials.json', JSON.stringify({ credentials: [...principals, agent] }));
  write(secured, 'agent.json', JSON.stringify(agent));
  write(secured, 'jwt-key', randomBytes(KEY_BYTES).toString('hex'));
}

/** Flags of the master. */
export function masterSecrets(secured: Secured): string[] {
  if (!secured.principals) return [];
  const http = ['--authenticate-http-frameworks', '--authenticate-http-readonly', '--authenticate-http-readwrite'];
  return ['--credentials', pathOf(secured, 'credentials.json'), ...http, '--authenticate-agents'];
}

/** Flags of an agent. */
export function agentSecrets(secured: Secured): string[] {
  if (!secured.principals) return [];
  return [
    ...['--credential', pathOf(secured, 'agent.json'), '--jwt-secret-key', pathOf(secured, 'jwt-key')],
    ...['--http-credentials', pathOf(secured, 'credentials.json'), '--authenticate-http-readonly'],
  ];
}
