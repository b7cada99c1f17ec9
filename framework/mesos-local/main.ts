#!/usr/bin/env node
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError, Option } from 'commander';
import { parseAttributes, parseResources } from '../mesos-http-client/index.js';
import type { DomainInfo } from '../mesos-http-client/types.js';
import { readTokenKey } from './agent/executor-token.js';
import { AgentLoop } from './agent/loop.js';
import { type Area, readCredential } from './authentication.js';
import { runCommandExecutor } from './command-executor.js';
import { runDefaultExecutor } from './default-executor.js';
import { MasterLoop } from './master/loop.js';
import { AGENT_TIMINGS, flagOf, MASTER_TIMINGS } from './timings.js';
import { schemeOf, type Tls, type TlsFlags, tlsOf } from './tls.js';

/** The processes of the embedded Mesos. Each prints one JSON line with its address when it is ready. */

function integer(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('a whole number, zero or more, is expected.');
  return Number(text);
}

function withTimings(command: Command, timings: Record<string, number>): Command {
  for (const [name, value] of Object.entries(timings)) {
    command.addOption(new Option(`${flagOf(name)} <number>`).argParser(integer).default(value));
  }
  return command;
}

function domainOf(region: string | undefined, zone: string | undefined): DomainInfo | null {
  if (region === undefined && zone === undefined) return null;
  return { fault_domain: { region: { name: region ?? 'local' }, zone: { name: zone ?? 'default' } } };
}

function announce(role: string, tls: Tls | null, ip: string, port: number): void {
  const address = `${ip}:${port}`;
  const url = `${schemeOf(tls)}://${address}`;
  process.stdout.write(`${JSON.stringify({ role, address, url, pid: process.pid })}\n`);
}

/** For tests: a process that must not outlive the one that started it, however that ends. */
function onStdinEnd(enabled: boolean, stop: () => void): void {
  if (enabled) process.stdin.once('end', stop).once('error', stop).resume();
}

function fail(error: unknown): never {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

/** The flags are Mesos' own. */
const MASTER_AREAS = {
  authenticateHttpFrameworks: 'scheduler',
  authenticateHttpReadonly: 'readonly',
  authenticateHttpReadwrite: 'readwrite',
  authenticateAgents: 'agent',
} as const;
const AGENT_AREAS = { authenticateHttpReadonly: 'readonly' } as const;

function closedAreas(flags: object, areas: Readonly<Record<string, Area>>): Area[] {
  const given = new Map(Object.entries(flags));
  return Object.entries(areas).flatMap(([flag, area]) => (given.get(flag) === true ? [area] : []));
}

interface MasterFlags extends Record<keyof typeof MASTER_TIMINGS, number>, TlsFlags {
  zk?: string;
  credentials?: string;
  ip: string;
  port: number;
  workDir: string;
  region: string;
  zone: string;
  seed: number;
  exitOnStdinEnd: boolean;
}

async function startMaster(flags: MasterFlags): Promise<void> {
  const { workDir: workDirectory, region, zone, exitOnStdinEnd, credentials, ...rest } = flags;
  const authentication = { credentials, closed: closedAreas(flags, MASTER_AREAS) };
  const tls = tlsOf(flags);
  const master = new MasterLoop({
    ...rest,
    workDirectory,
    domain: domainOf(region, zone),
    authentication,
    tls,
    onLost: fail,
  });
  const stop = () => {
    master.stop();
    process.exit(0);
  };
  process.once('SIGTERM', stop).once('SIGINT', stop);
  announce('master', tls, flags.ip, await master.start());
  onStdinEnd(exitOnStdinEnd, stop);
}

interface AgentFlags extends Record<keyof typeof AGENT_TIMINGS, number>, TlsFlags {
  master: string;
  ip: string;
  port: number;
  workDir: string;
  hostname: string;
  resources: string;
  revocableResources: string;
  attributes: string;
  region?: string;
  zone?: string;
  recover: boolean;
  credential?: string;
  httpCredentials?: string;
  jwtSecretKey?: string;
  exitOnStdinEnd: boolean;
}

async function startAgent(flags: AgentFlags): Promise<void> {
  const { master, workDir, region, zone, resources, revocableResources, attributes, exitOnStdinEnd, ...more } = flags;
  const { credential, httpCredentials, jwtSecretKey, ...rest } = more;
  const revocable = parseResources(revocableResources).map((resource) => ({ ...resource, revocable: {} }));
  const tls = tlsOf(flags);
  const options = {
    ...rest,
    master,
    tls,
    ...(credential !== undefined && { credential: readCredential(credential) }),
    authentication: { credentials: httpCredentials, closed: closedAreas(flags, AGENT_AREAS) },
    tokenKey: jwtSecretKey === undefined ? null : readTokenKey(jwtSecretKey),
    workDirectory: workDir,
    resources: [...parseResources(resources), ...revocable],
    attributes: parseAttributes(attributes),
    domain: domainOf(region, zone),
    commandExecutor: [process.execPath, fileURLToPath(import.meta.url), 'command-executor'],
    defaultExecutor: [process.execPath, fileURLToPath(import.meta.url), 'default-executor'],
  };
  const agent = new AgentLoop(options, () => process.exit(0));
  const stop = () => {
    agent.stop();
    process.exit(0);
  };
  process
    .once('SIGTERM', stop)
    .once('SIGINT', stop)
    .once('SIGUSR1', () => agent.shutdown());
  announce('agent', tls, flags.ip, await agent.start());
  onStdinEnd(exitOnStdinEnd, () => void agent.stopWithContainers().finally(() => process.exit(0)));
}

const program = new Command('mesos-local').description('An embedded Mesos for one machine');
const stdinOption = () => new Option('--exit-on-stdin-end', 'end when standard input ends').default(false);

function withTls(command: Command): Command {
  return command
    .option('--tls-certificate <file>', 'PEM file; HTTPS is spoken then')
    .option('--tls-key <file>', 'PEM file with the key of the certificate')
    .option('--tls-ca <file>', 'PEM file with the authority of the certificates of others')
    .option('--tls-require-certificates', 'who connects must show a certificate of that authority', false);
}

withTls(withTimings(program.command('master'), MASTER_TIMINGS))
  .option('--ip <address>', 'address to listen on', '127.0.0.1')
  .option('--port <port>', '0: any free one', integer, 0)
  .requiredOption('--work-dir <directory>')
  .option('--region <name>', 'region of the master', 'local')
  .option('--zone <name>', 'zone of the master', 'master')
  .option(
    '--zk <url>',
    'zk://HOST:PORT,HOST:PORT/PATH: one of several masters, of which one leads; the registry is there, too',
  )
  .option('--credentials <file>', 'JSON with the principals that are known, as in Mesos')
  .option('--authenticate-http-frameworks', 'frameworks name a principal and its secret')
  .option('--authenticate-http-readonly', 'and whoever asks the older pages')
  .option('--authenticate-http-readwrite', 'and whoever asks the operator API or changes something')
  .option('--authenticate-agents', 'and agents')
  .option('--seed <number>', 'of the order in which agents are offered', integer, 1)
  .addOption(stdinOption())
  .action((flags: MasterFlags) => startMaster(flags).catch(fail));

withTls(withTimings(program.command('agent'), AGENT_TIMINGS))
  .requiredOption(
    '--master <urls>',
    'http://HOST:PORT (https:// with TLS), several with commas, or zk://HOST:PORT,HOST:PORT/PATH',
  )
  .option('--ip <address>', 'address to listen on', '127.0.0.1')
  .option('--port <port>', '0: the one of the earlier life, else any free one', integer, 0)
  .requiredOption('--work-dir <directory>')
  .option('--hostname <name>', 'shown in offers', '127.0.0.1')
  .requiredOption('--resources <text>', "like 'cpus:2;mem:1024;disk:10240;ports:[21000-21099]'")
  .option('--revocable-resources <text>', 'offered beside the others, as a resource estimator of Mesos does', '')
  .option('--attributes <text>', "like 'rack:r1'", '')
  .option('--region <name>')
  .option('--zone <name>')
  .option('--credential <file>', 'JSON with the principal and secret this agent names to the master')
  .option('--http-credentials <file>', 'JSON with the principals this agent knows')
  .option('--authenticate-http-readonly', 'whoever asks for pages and files names a principal and its secret')
  .option('--jwt-secret-key <file>', 'executors are given tokens made with this key, and must show them')
  .option('--no-recover', 'kill the executors of an earlier life and register as a new agent')
  .addOption(stdinOption())
  .action((flags: AgentFlags) => startAgent(flags).catch(fail));

program.command('command-executor', { hidden: true }).action(runCommandExecutor);
program.command('default-executor', { hidden: true }).action(runDefaultExecutor);

await program.parseAsync();
