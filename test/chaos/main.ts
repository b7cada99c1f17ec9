/**
 * `npm run chaos -- [--seconds N] [--nemesis all|NAME,...] [--seed S] [--schedule FILE] [--calls N] [--master URL] [--out DIRECTORY]`: a whole system on machines of
 * its own, or on the Mesos of URL, clients, and nemeses. Leaves a report and the logs in DIRECTORY. Exit status 0: every promise was kept; 1: not; 2: it could not be tried,
 * was interrupted, or is inconclusive for want of processors.
 */
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { enterNamespaces } from '../namespaces.js';
import { type Cluster, logsOf } from './cluster.js';
import { GivenCluster } from './given-cluster.js';
import { interruption } from './interruption.js';
import { type ChaosOptions, readChaosOptions } from './options.js';
import { OwnCluster } from './own-cluster.js';
import { pageOf } from './report/page.js';
import type { Report } from './report/report.js';
import { Run } from './run.js';
import { familyTallies } from './tally.js';
import { type Outcome, outcomeOf } from './verdict.js';

const say = (text: string): boolean => process.stderr.write(`${text}\n`);

function optionsOrEnd(): ChaosOptions {
  try {
    return readChaosOptions(process.argv.slice(2), (path) => readFileSync(path, 'utf8'));
  } catch (error) {
    say(`chaos: ${(error as Error).message}`);
    process.exit(2);
  }
}

/** @param logs where they are yet */
function leave(report: Report, out: string, logs: string): void {
  const files = readdirSync(logs, { recursive: true, encoding: 'utf8' }).filter((name) =>
    statSync(join(logs, name)).isFile(),
  );
  writeFileSync(join(out, 'schedule.json'), `${JSON.stringify(report.schedule, null, 2)}\n`);
  writeFileSync(join(out, 'report.json'), `${JSON.stringify(report)}\n`);
  writeFileSync(join(out, 'report.html'), pageOf(report, files.sort()));
}

/** As for `inconclusive`, when a run could not be tried. */
const statuses: Record<Outcome, number> = { kept: 0, broken: 1, inconclusive: 2 };
const marks: Record<Outcome, string> = { kept: 'ok  ', broken: 'FAIL', inconclusive: '?   ' };

function start(directory: string, master: string | null, interrupted: AbortSignal): Promise<Cluster> {
  if (master === null) {
    say('starting ZooKeeper, masters, agents, schedulers');
    return OwnCluster.start(directory);
  }
  say(`starting a scheduler at ${master}: nothing is done to its masters, agents, machines and networks`);
  return GivenCluster.start(directory, master, interrupted);
}

async function run({ schedule, callsPerSecond, out, master }: ChaosOptions): Promise<number> {
  const interrupted = interruption();
  // Paths of sockets in there must be short.
  const directory = mkdtempSync(join(tmpdir(), 'gaia-chaos-'));
  try {
    const run = new Run(schedule, callsPerSecond, say, interrupted);
    const report = await run.through(() => start(directory, master, interrupted));
    leave(report, out, logsOf(directory));
    for (const { family, scheduled, struck, impossible } of familyTallies(report.nemeses))
      say(`     ${family}: ${struck} of ${scheduled} strikes met somebody${impossible ? `: ${impossible}` : ''}`);
    for (const { check, outcome, said } of report.findings) say(`${marks[outcome]} ${check}: ${said}`);
    return statuses[outcomeOf(report.findings)];
  } finally {
    if (existsSync(logsOf(directory))) cpSync(logsOf(directory), join(out, 'log'), { recursive: true });
    OwnCluster.unmountDisks(directory);
    rmSync(directory, { recursive: true, force: true });
  }
}

const options = { ...optionsOrEnd() };
options.out = resolve(options.out);
// Agents of somebody else are in none of them.
const status = options.master === null ? enterNamespaces() : null;
if (status !== null) process.exit(status);
// What is shared in memory is this run's own, too.
if (options.master === null) execFileSync('mount', ['-t', 'tmpfs', 'none', '/dev/shm']);
rmSync(options.out, { recursive: true, force: true });
mkdirSync(options.out, { recursive: true });
const ended = await run(options).catch((error: Error) => {
  say(`chaos: ${error.stack}`);
  return 2;
});
const page = join(options.out, 'report.html');
say(existsSync(page) ? `the report is ${page}` : `there is no report; the logs are in ${join(options.out, 'log')}`);
process.exit(ended);
