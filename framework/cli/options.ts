import { Argument, type Command, InvalidArgumentError, Option } from 'commander';
import { DEADLINE_SECONDS_MAX } from '../service.js';
import { ApiClient } from './api-client.js';
import { type Connection, connectionOf } from './contexts/connection.js';
import { type Context, contextsFile, readContexts } from './contexts/file.js';
import { authorizationFrom, tlsFrom } from './credentials.js';
import { type Format, formatOf, formats } from './format.js';
import { defaultDirectory, readLocalCluster } from './local-cluster.js';
import { Output } from './output.js';
import type { Session } from './session.js';
import { colourWishes } from './terminal/colour.js';

/** Options that several commands have, and what is made of them. */

export const DEPLOYMENT_TIMEOUT_SECONDS = 300;
export const API_DEFAULT = 'http://127.0.0.1:8080';

export interface GlobalOptions extends Partial<Context> {
  context?: string;
  json?: boolean;
  output?: Format;
}

/** Those of every command. Variables are read by `connectionOf`, which knows what goes before what. */
export function globalOptions(command: Command): Command {
  const hasNames = command.options.some(({ long }) => long === namedOption);
  if (!hasNames) command.addOption(outputOption(formats.filter((format) => format !== 'name')));
  return command
    .optionsGroup('Options of all commands:')
    .option('--json', 'the same as --output json')
    .option('--api <URL>', 'address of the API; several with commas: the first that can be reached (env: GAIA_API)')
    .option('--context <NAME>', 'the API that "gaia context set" has given this name (env: GAIA_CONTEXT)')
    .option('--credentials <FILE>', 'name:password or a token, for an API with accounts (env: GAIA_CREDENTIALS)')
    .option('--ca <FILE>', 'PEM file with the authority of the certificate of an https API (env: GAIA_CA)')
    .option('--certificate <FILE>', 'PEM file with a certificate, for an API that asks for one (env: GAIA_CERTIFICATE)')
    .option('--key <FILE>', 'PEM file with the key of that certificate (env: GAIA_KEY)')
    .addOption(new Option('--color <WHEN>', 'colours, also by NO_COLOR and FORCE_COLOR').choices(colourWishes));
}

const namedOption = '--output';

/** Of commands that find things with names. */
export const naming = (command: Command): Command => command.addOption(outputOption(formats));

const outputOption = (choices: readonly Format[]): Option =>
  new Option(`-o, ${namedOption} <FORMAT>`, 'how it is told').choices(choices).default('table');

/** Of commands that begin a deployment. */
export function changing(command: Command): Command {
  return command
    .option('--detach', 'do not wait until the change is carried out')
    .option('--force', 'also when another deployment holds the app')
    .addOption(timeout(DEPLOYMENT_TIMEOUT_SECONDS));
}

/** `--timeout`, with what it is when it is not given. */
export const timeout = (seconds: number, what = 'how long to wait'): Option =>
  new Option('--timeout <SECONDS>', what).argParser(whole(1, 86_400)).default(seconds);

/** Of those among them whose deployment may be given a limit in time. */
export function limited(command: Command): Command {
  return changing(command)
    .option(
      '--deadline <SECONDS>',
      'the deployment fails when it has not ended by then',
      whole(1, DEADLINE_SECONDS_MAX),
    )
    .option('--roll-back', 'with --deadline: it is taken back then');
}

export const anApp = (): Argument => new Argument('<app>', 'id of an app, such as /demo/ledger');
export const aGroup = (): Argument => new Argument('<group>', 'id of a group, such as /shop');
export const aDeployment = (): Argument => new Argument('<deployment>', 'id of a deployment');
export const anAgent = (): Argument => new Argument('<agent>', 'name or id of an agent');
export const aContext = (): Argument => new Argument('<context>', 'name of a context');

export const outputOf = (options: GlobalOptions): Output => new Output(formatOf(options));

/** Where the API of this machine's cluster is, whether or not it runs. */
export const localApi = (): string => readLocalCluster(defaultDirectory())?.apiUrl || API_DEFAULT;

export function connectionFor(flags: GlobalOptions): Connection {
  return connectionOf({ flags, env: process.env, contexts: () => readContexts(contextsFile(process.env)), localApi });
}

export function session(options: GlobalOptions): Session {
  const { api, credentials, ca, certificate, key } = connectionFor(options);
  const access = { authorization: authorizationFrom(credentials), tls: tlsFrom({ ca, certificate, key }) };
  return { api: new ApiClient(api, access), output: outputOf(options) };
}

export function whole(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It is '${text}'; use a whole number from ${min} to ${max}.`);
  };
}
