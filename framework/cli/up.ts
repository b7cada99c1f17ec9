import { existsSync, statSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Listr, type ListrTaskWrapper } from 'listr2';
import { installation } from '../installation.js';
import { startLocalCluster } from '../mesos-local/cluster.js';
import { agentsOf } from './agents.js';
import { ApiClient, appPath } from './api-client.js';
import type { AppJson } from './app-json.js';
import { DEMO_ID, showDemo, startDemo } from './demo.js';
import { EXIT, Failure } from './failure.js';
import { holdDirectory } from './hold-directory.js';
import { clearDirectory, directoryNeeds, hasMaster, isAnswering, stopAll } from './lifecycle.js';
import {
  defaultDirectory,
  directoryOf,
  type LocalCluster,
  readLocalCluster,
  writeLocalCluster,
} from './local-cluster.js';
import type { Output } from './output.js';
import { makeOwnDirectory } from './own-directory.js';
import { freePort } from './ports.js';
import { isRunning, logTail, startDetached, stopProcess } from './processes.js';
import { gaia } from './program-name.js';
import { bold, dim } from './terminal/colour.js';
import { speaksUtf8 } from './terminal/harmless.js';

export interface UpOptions {
  directory: string;
  port: number;
  agents: number;
  demo: boolean;
  secretsDirectory?: string;
}

interface Progress {
  cluster: LocalCluster;
  app: AppJson | null;
}

type Step = ListrTaskWrapper<Progress, never, never>;

const FRAMEWORK_READY_TIMEOUT_MS = 30_000;
const POLL_INTERVAL_MS = 100;

/** `gaia up`: master, agents, framework and the demo, as processes that go on when this one has ended. */
export async function up(output: Output, options: UpOptions): Promise<void> {
  const directory = directoryOf(options.directory);
  const running = readLocalCluster(directory);
  if (running !== null && (await isAnswering(running))) return tellRunning(output, running);
  if (!existsSync(directory)) makeOwnDirectory(directory, directoryNeeds);
  const letGo = await holdDirectory(directory);
  try {
    await start(output, options, directory);
  } finally {
    letGo();
  }
}

/** What runs there is looked at again: another `gaia up` may have started it meanwhile. */
async function start(output: Output, options: UpOptions, directory: string): Promise<void> {
  const running = readLocalCluster(directory);
  const secretsDirectory = secretsIn(options) ?? running?.secretsDirectory;
  if (running !== null && (await isAnswering(running))) return tellRunning(output, running);
  if (running !== null && (await hasMaster(running)))
    return restartFramework(output, { ...running, secretsDirectory }, options);
  if (options.demo)
    requireProgram(
      'redis-server',
      `Install it (Debian: apt-get install redis-server), or start without the demo: ${gaia} up --no-demo`,
    );
  await clearDirectory(directory);
  const cluster = { directory, apiUrl: '', masterUrl: '', frameworkPid: 0, secretsDirectory };
  const progress: Progress = { cluster, app: null };
  writeLocalCluster(progress.cluster);
  const onInterrupt = () => interrupted(directory);
  process.once('SIGINT', onInterrupt);
  try {
    await steps(output, options).run(progress);
  } catch (error) {
    await stopAll(directory);
    throw error;
  } finally {
    process.off('SIGINT', onInterrupt);
  }
  tellReady(output, progress, options);
}

/** @throws Failure if it is none: apps would wait for their secrets */
function secretsIn({ secretsDirectory }: UpOptions): string | undefined {
  if (secretsDirectory === undefined) return undefined;
  const directory = resolve(secretsDirectory);
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory()) return directory;
  throw new Failure(EXIT.usage, `--secrets-directory ${directory} is no directory`, 'Make it, or name another one.');
}

function steps(output: Output, options: UpOptions): Listr<Progress, never, never> {
  return progressOf(output, [
    { title: `Mesos: a master and ${options.agents} agents`, task: startMesos(options) },
    { title: 'GAIA: scheduler and REST API', task: startFramework(options) },
    { title: `${DEMO_ID}: redis-server in three replicas`, enabled: () => options.demo, task: addDemo },
  ]);
}

/** Mesos runs without the framework; what it runs goes on. It comes back on its store, at its old port if it can. */
async function restartFramework(output: Output, cluster: LocalCluster, options: UpOptions): Promise<void> {
  const port = cluster.apiUrl === '' ? options.port : Number(new URL(cluster.apiUrl).port);
  const title = 'GAIA: scheduler and REST API, which did not run; the agents and their tasks go on';
  const progress: Progress = { cluster, app: null };
  await progressOf(output, [{ title, task: startFramework({ ...options, port }) }]).run(progress);
  tellReady(output, progress, { ...options, port });
}

/** By listr2's names of what it tells, in place of signs that only UTF-8 has. */
const asciiIcons = { STARTED: '>', COMPLETED: '+', FAILED: 'x', OUTPUT: '-' };

function progressOf(output: Output, tasks: object[]): Listr<Progress, never, never> {
  const utf8 = speaksUtf8(process.env);
  const isWide = process.stdout.isTTY && process.stdout.columns > 0;
  const settings = {
    renderer: isWide && utf8 && !output.forPrograms ? 'default' : 'simple',
    rendererOptions: utf8 ? {} : { icon: asciiIcons },
    silentRendererCondition: output.forPrograms,
    registerSignalListeners: false,
  } as const;
  return new Listr<Progress, 'default', 'simple'>(tasks as never, settings as never) as never;
}

function startMesos(options: UpOptions) {
  return async (progress: Progress, step: Step) => {
    const directory = join(progress.cluster.directory, 'mesos');
    try {
      const { masterUrl } = await startLocalCluster({ directory, agents: agentsOf(options.agents), detached: true });
      progress.cluster.masterUrl = masterUrl;
    } catch (error) {
      throw failed('The embedded Mesos did not start', (error as Error).message, directory);
    }
    step.title += dim(` at ${progress.cluster.masterUrl}`);
  };
}

function startFramework(options: UpOptions) {
  return async ({ cluster }: Progress, step: Step) => {
    const port = await freePort(options.port);
    if (options.port !== 0 && port !== options.port)
      step.output = `port ${options.port} is taken; the API takes ${port}`;
    const log = join(cluster.directory, 'framework.log');
    const args = [
      '--master',
      cluster.masterUrl,
      '--store',
      join(cluster.directory, 'framework'),
      '--listen',
      `127.0.0.1:${port}`,
      '--principal',
      'gaia',
      '--data-directory',
      join(cluster.directory, 'replicas'),
      ...(cluster.secretsDirectory ? ['--secrets-directory', cluster.secretsDirectory] : []),
      // The embedded Mesos isolates no memory, and small machines have little.
      '--executor-memory-mb',
      '0',
    ];
    cluster.frameworkPid = startDetached(join(installation.root, 'dist/framework/main.js'), args, log);
    cluster.apiUrl = `http://127.0.0.1:${port}`;
    writeLocalCluster(cluster);
    if (!(await becomesHealthy(cluster))) {
      const tail = logTail(log, 5);
      await stopProcess(cluster.frameworkPid, cluster.directory);
      throw failed('The framework did not become ready', tail, log);
    }
    step.title += dim(` at ${cluster.apiUrl}`);
  };
}

async function addDemo(progress: Progress, step: Step): Promise<void> {
  progress.app = await startDemo(new ApiClient(progress.cluster.apiUrl), (sentence) => {
    step.output = sentence;
  });
}

/** `/health` is 200 once a master has taken the framework in. */
async function becomesHealthy(cluster: LocalCluster): Promise<boolean> {
  const api = new ApiClient(cluster.apiUrl);
  const deadlineMs = performance.now() + FRAMEWORK_READY_TIMEOUT_MS;
  while (performance.now() < deadlineMs && isRunning(cluster.frameworkPid, cluster.directory)) {
    const healthy = await api.get('/health').then(
      () => true,
      () => false,
    );
    if (healthy) return true;
    await sleep(POLL_INTERVAL_MS);
  }
  return false;
}

async function tellRunning(output: Output, cluster: LocalCluster): Promise<void> {
  output.line(
    `A cluster runs already: API at ${cluster.apiUrl}, page at ${cluster.apiUrl}/ui/, state in ${cluster.directory}`,
  );
  const answer = await new ApiClient(cluster.apiUrl).find<{ app: AppJson }>(appPath(DEMO_ID));
  if (answer !== null) {
    output.line();
    showDemo(output, answer.app, suffixOf(cluster));
  }
  output.result({ alreadyRunning: true, ...cluster, app: answer?.app ?? null });
}

function tellReady(output: Output, { cluster, app }: Progress, options: UpOptions): void {
  output.line();
  output.line(`${bold('GAIA runs.')} API at ${cluster.apiUrl}, state and logs in ${cluster.directory}`);
  output.line(`Its page for browsers: ${bold(`${cluster.apiUrl}/ui/`)}`);
  if (app !== null) {
    output.line();
    showDemo(output, app, suffixOf(cluster));
  }
  output.line();
  const where = cluster.directory === defaultDirectory() ? '' : ` --directory ${cluster.directory}`;
  output.line(`Stop everything with: ${gaia} down${where}`);
  output.result({
    alreadyRunning: false,
    portTaken: portTaken(cluster, options.port),
    ...cluster,
    app,
  });
}

/** The port that was wished for and could not be had. */
function portTaken({ apiUrl }: LocalCluster, wished: number): number | null {
  return wished === 0 || new URL(apiUrl).port === String(wished) ? null : wished;
}

/** Commands find the cluster in the default directory by themselves. */
function suffixOf(cluster: LocalCluster): string {
  return cluster.directory === defaultDirectory() ? '' : ` --api ${cluster.apiUrl}`;
}

function interrupted(directory: string): void {
  process.stderr.write(`\nInterrupted. Stop what has started with: ${gaia} down --directory ${directory}\n`);
  process.exit(130);
}

function failed(what: string, cause: string, log: string): Failure {
  return new Failure(EXIT.failed, `${what}: ${cause}`, `The whole log: ${log}`);
}

function requireProgram(name: string, remedy: string): void {
  const places = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, name));
  if (!places.some((file) => existsSync(file))) throw new Failure(EXIT.failed, `${name} is not installed`, remedy);
}
