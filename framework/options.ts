/** The framework's options: one table, from which help, environment names, checks and defaults follow. */
import { userInfo } from 'node:os';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { TlsFiles } from './access/tls.js';
import { installation } from './installation.js';
import { shellWord } from './shell.js';
import { isZooKeeperUrl, parseZooKeeperUrl } from './zookeeper/index.js';

export interface FrameworkOptions extends TlsFiles {
  master: string[];
  store: string;
  listen: { host: string; port: number };
  advertise: { host: string; port: number } | undefined;
  zkSessionTimeoutSeconds: number;
  zkUserFile: string | undefined;
  zkCa: string | undefined;
  zkCertificate: string | undefined;
  zkKey: string | undefined;
  hostNames: string[];
  users: string | undefined;
  auditFile: string | undefined;
  auditFileMb: number;
  auditFiles: number;
  /** False: whoever reaches the API may do everything. */
  authentication: boolean;
  role: string;
  name: string;
  user: string;
  failoverTimeoutSeconds: number;
  executorCommand: string;
  executorArchive: string | undefined;
  executorDirectory: string;
  executorMemoryMb: number;
  dataDirectory: string;
  principal: string | undefined;
  secretFile: string | undefined;
  mesosCa: string | undefined;
  mesosCertificate: string | undefined;
  mesosKey: string | undefined;
  secretsDirectory: string | undefined;
  maxRunningDeployments: number;
  localPortMin: number;
  localPortMax: number;
  logLevel: string;
  readyFd: number;
}

const weekSeconds = 604_800;
const yearSeconds = 31_536_000;
const defaultExecutor = () =>
  `exec ${shellWord(process.execPath)} ${shellWord(`${installation.root}/dist/executor/main.js`)}`;

interface Row {
  flags: string;
  text: string;
  initial?: unknown;
  shown?: string;
  parse?: (text: string) => unknown;
  required?: boolean;
  /** Key of an option that would say the contrary. */
  conflicts?: string;
}

const table: Row[] = [
  {
    flags: '--master <urls>',
    text: 'Mesos masters, host:port or URL, separated by commas; or zk://host:port,host:port/path, where they say who leads',
    parse: masters,
    required: true,
  },
  {
    flags: '--store <place>',
    text: 'where the state is kept, made if missing: a directory, or zk://host:port,host:port/path for several schedulers',
    parse: place,
    required: true,
  },
  {
    flags: '--listen <host:port>',
    text: 'address of the REST API; port 0 takes a free one',
    initial: { host: '127.0.0.1', port: 8080 },
    shown: '127.0.0.1:8080',
    parse: address,
  },
  {
    flags: '--advertise <host:port>',
    text: "where the other schedulers, and agents that fetch the executor, reach this one's API, if not as --listen says",
    parse: address,
  },
  {
    flags: '--zk-session-timeout-seconds <seconds>',
    text: 'how long a leader that is silent is waited for, 2 to 60; ZooKeeper has bounds of its own',
    initial: 5,
    parse: whole(2, 60),
  },
  {
    flags: '--zk-user-file <file>',
    text: 'file with name:password; only this user may then touch what is stored in ZooKeeper',
  },
  {
    flags: '--zk-ca <file>',
    text: "PEM file with the authority of the certificates of --store's servers; with it or --zk-certificate they are spoken to over TLS",
  },
  { flags: '--zk-certificate <file>', text: 'PEM file with the certificate that these servers are shown' },
  { flags: '--zk-key <file>', text: 'PEM file with the key of that certificate' },
  {
    flags: '--host-names <names>',
    text: 'further names clients reach the API by, separated by commas',
    initial: [],
    shown: 'none',
    parse: listOf,
  },
  {
    flags: '--users <file>',
    text: 'who may use the API, as "gaia user add" writes it; needed to listen on other addresses than loopback',
  },
  { flags: '--audit-file <file>', text: 'gets a line of JSON for each change that a user has asked for' },
  {
    flags: '--audit-file-mb <megabytes>',
    text: 'when it is so large, it is put aside as FILE.1, and what was that as FILE.2; 1 to 10240',
    initial: 64,
    parse: whole(1, 10_240),
  },
  { flags: '--audit-files <count>', text: 'how many there are then, 2 to 1000', initial: 8, parse: whole(2, 1000) },
  { flags: '--tls-certificate <file>', text: 'PEM file with the certificate of the API, which speaks HTTPS then' },
  { flags: '--tls-key <file>', text: 'PEM file with the key of the certificate' },
  { flags: '--tls-ca <file>', text: "PEM file with the authority of the other schedulers' certificates" },
  {
    flags: '--tls-client-ca <file>',
    text: 'PEM file with the authority of certificates that clients of the API must have',
  },
  { flags: '--no-authentication', text: 'whoever reaches the API may run commands, also from other machines' },
  { flags: '--role <role>', text: 'Mesos role to subscribe with', initial: 'gaia', parse: role },
  { flags: '--name <name>', text: 'name of the framework in Mesos', initial: 'gaia' },
  { flags: '--user <user>', text: 'runs the executors', initial: userInfo().username, shown: 'who runs the framework' },
  {
    flags: '--failover-timeout-seconds <seconds>',
    text: `how long tasks live on without the framework, 60 to ${yearSeconds}`,
    initial: weekSeconds,
    parse: whole(60, yearSeconds),
  },
  {
    flags: '--executor-command <command>',
    text: 'shell command that runs the executor on an agent',
    initial: defaultExecutor(),
    shown: "this installation's",
  },
  {
    flags: '--executor-archive <file>',
    text: 'agents fetch the executor in it from this API and need not have GAIA installed; made if it is missing',
    conflicts: 'executorCommand',
  },
  {
    flags: '--executor-directory <directory>',
    text: "on every agent, where executors that were fetched are unpacked once for all tasks; else in each task's sandbox",
    initial: '/var/lib/gaia/executors',
    parse: absolutePath,
  },
  {
    flags: '--executor-memory-mb <MB>',
    text: 'what each task is given beside the mem of its app, for its executor, 0 to 4096; agents that isolate memory end both when they take more',
    initial: 96,
    parse: whole(0, 4096),
  },
  {
    flags: '--data-directory <directory>',
    text: 'on every agent, where replicas with durability "disk" keep their data',
    initial: '/var/lib/gaia/replicas',
    parse: absolutePath,
  },
  {
    flags: '--principal <name>',
    text: 'in whose name the framework subscribes and reserves; needed for persistent volumes',
  },
  {
    flags: '--secret-file <file>',
    text: "file with the principal's secret, for HTTP basic authentication at the master",
  },
  {
    flags: '--mesos-ca <file>',
    text: "PEM file with the authority of the masters' certificates; with it or --mesos-certificate they are asked over TLS only",
  },
  {
    flags: '--mesos-certificate <file>',
    text: "PEM file with the framework's certificate, for masters that ask for one",
  },
  { flags: '--mesos-key <file>', text: 'PEM file with the key of that certificate' },
  {
    flags: '--max-running-deployments <count>',
    text: 'changes that are carried out at a time, 1 to 10000; one more is refused',
    initial: 100,
    parse: whole(1, 10_000),
  },
  {
    flags: '--local-port-min <port>',
    text: 'service ports from here to --local-port-max are given to apps that ask for port 0',
    initial: 10_000,
    parse: whole(1, 65_535),
  },
  { flags: '--local-port-max <port>', text: 'the last of them', initial: 20_000, parse: whole(1, 65_535) },
  {
    flags: '--secrets-directory <directory>',
    text: 'with a file for each secret that apps may refer to; read when a task is launched',
    parse: absolutePath,
  },
  { flags: '--log-level <level>', text: 'fatal, error, warn, info, debug or trace', initial: 'info', parse: level },
  {
    flags: '--ready-fd <descriptor>',
    text: 'where one JSON line is written when the API answers',
    initial: 1,
    shown: '1, standard output',
    parse: whole(1, 1024),
  },
];

/** `argv` without node and script; an option's variable is GAIA_ and its name in capitals. Exits with a sentence on bad input. */
export function readOptions(argv: string[]): FrameworkOptions {
  const command = new Command('gaia-framework')
    .description('The Mesos framework of GAIA: scheduler and REST API')
    .allowExcessArguments(false);
  for (const row of table) command.addOption(optionOf(row));
  const options = command.parse(argv, { from: 'user' }).opts<FrameworkOptions>();
  const { localPortMin: min, localPortMax: max } = options;
  if (min > max)
    command.error(`error: --local-port-min is ${min}, and --local-port-max only ${max}; give a higher one.`);
  return options;
}

/** For whoever writes options down: a file of variables has the same names, texts and defaults. */
export interface OptionText {
  /** Such as GAIA_STORE. */
  variable: string;
  text: string;
  /** Words for it; undefined: there is none. */
  initial: string | undefined;
  /** It has no value: the variable only has to be there. */
  flag: boolean;
}

export const optionTexts = (): OptionText[] =>
  table.map(optionOf).map((option) => ({
    variable: option.envVar as string,
    text: option.description,
    initial: option.defaultValueDescription,
    flag: option.isBoolean(),
  }));

function optionOf({ flags, text, initial, shown, parse, required, conflicts }: Row): Option {
  const option = new Option(flags, text);
  option.env(`GAIA_${option.name().toUpperCase().replaceAll('-', '_')}`);
  if (initial !== undefined) option.default(initial, shown ?? String(initial));
  if (parse) option.argParser(parse);
  if (conflicts) option.conflicts(conflicts);
  return required ? option.makeOptionMandatory() : option;
}

function listOf(text: string): string[] {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.some((part) => part === '')) throw new InvalidArgumentError('it has an empty part between commas.');
  return parts;
}

function address(text: string): { host: string; port: number } {
  const found = /^(?:\[([0-9a-fA-F:]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  const port = Number(found?.[3]);
  if (!found || port > 65_535)
    throw new InvalidArgumentError('give host:port, for example 127.0.0.1:8080 or [::1]:8080.');
  return { host: (found[1] ?? found[2]) as string, port };
}

function masters(text: string): string[] {
  return isZooKeeperUrl(text) ? [place(text)] : listOf(text);
}

function place(text: string): string {
  try {
    if (isZooKeeperUrl(text)) parseZooKeeperUrl(text);
  } catch (error) {
    throw new InvalidArgumentError(`${(error as Error).message}.`);
  }
  return text;
}

function whole(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max)
      throw new InvalidArgumentError(`give a whole number from ${min} to ${max}.`);
    return value;
  };
}

function absolutePath(text: string): string {
  if (!text.startsWith('/')) throw new InvalidArgumentError('give an absolute path.');
  return text;
}

function role(text: string): string {
  const bad = text === '' || text === '*' || text === '.' || text === '..' || /^[-/]|\/$|\s/.test(text);
  if (bad)
    throw new InvalidArgumentError('a role is not empty, "*", "." or "..", has no spaces, and no "-" or "/" in front.');
  return text;
}

function level(text: string): string {
  const levels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'];
  if (!levels.includes(text)) throw new InvalidArgumentError(`give one of ${levels.join(', ')}.`);
  return text;
}
