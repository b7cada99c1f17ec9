import { type Command, InvalidArgumentError, Option } from 'commander';
import { DEADLINE_SECONDS_MAX } from '../service.js';
import { ApiClient } from './api-client.js';
import { authorizationFrom, tlsFrom } from './credentials.js';
import { defaultDirectory, readLocalCluster } from './local-cluster.js';
import { Output } from './output.js';
import type { Session } from './session.js';

/** Options that several commands have, and what is made of them. */

export const DEPLOYMENT_TIMEOUT_SECONDS = 300;
export const API_DEFAULT = 'http://127.0.0.1:8080';

export interface GlobalOptions {
  api?: string;
  credentials?: string;
  ca?: string;
  certificate?: string;
  key?: string;
  json?: boolean;
}

/** Those of every command. */
export function globalOptions(command: Command): Command {
  return command
    .addOption(apiOption())
    .addOption(credentialsOption())
    .addOption(caOption())
    .addOption(certificateOption())
    .addOption(keyOption())
    .option('--json', 'print one JSON object as the last line');
}

/** Of commands that begin a deployment. */
export function changing(command: Command): Command {
  return command
    .option('--detach', 'do not wait until the change is carried out')
    .option('--force', 'also when another deployment holds the app')
    .option('--timeout <SECONDS>', 'how long to wait', whole(1, 86_400), DEPLOYMENT_TIMEOUT_SECONDS);
}

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

function apiOption(): Option {
  return new Option('--api <URL>', 'address of the API; several with commas: the first that can be reached').env(
    'GAIA_API',
  );
}

function credentialsOption(): Option {
  return new Option('--credentials <FILE>', 'has name:password or a token in it, for an API with accounts').env(
    'GAIA_CREDENTIALS',
  );
}

function caOption(): Option {
  return new Option('--ca <FILE>', 'PEM file with the authority of the certificate of an https API').env('GAIA_CA');
}

function certificateOption(): Option {
  return new Option('--certificate <FILE>', 'PEM file with a certificate, for an API that asks for one').env(
    'GAIA_CERTIFICATE',
  );
}

function keyOption(): Option {
  return new Option('--key <FILE>', 'PEM file with the key of that certificate').env('GAIA_KEY');
}

export const outputOf = ({ json }: GlobalOptions): Output => new Output(json === true);

export function session(options: GlobalOptions): Session {
  const { ca, certificate, key } = options;
  const url = options.api ?? (readLocalCluster(defaultDirectory())?.apiUrl || API_DEFAULT);
  return {
    api: new ApiClient(url, {
      authorization: authorizationFrom(options.credentials),
      tls: tlsFrom({ ca, certificate, key }),
    }),
    output: outputOf(options),
  };
}

export function whole(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It is '${text}'; use a whole number from ${min} to ${max}.`);
  };
}
