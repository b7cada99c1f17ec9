import { mean, quantile } from '../distribution.js';
import { type AppJson, placeOf, programOf, type TaskJson } from './app-json.js';
import { bold, dim, green, type Output, red, yellow } from './output.js';

/** `gaia app show`: what the app is, how its replicas are, and how it came to this. */
export function showApp(output: Output, app: AppJson, storyLines: number): void {
  output.line(`${bold(app.id)}  ${stateOf(app)}`);
  output.line(dim(`  ${programOf(app)}`));
  const kind = app.replication === undefined ? 'tasks' : 'replicas';
  output.line(
    `  ${app.tasksRunning} of ${app.instances} ${kind} run, each with ${app.cpus} cpus and ${app.mem} MB; version ${app.version}`,
  );
  if (app.replication !== undefined) showGroup(output, app);
  else if (app.tasks.length > 0) showTasks(output, app.tasks);
  showWaiting(output, app.waiting);
  if (app.waiting !== null) output.line(dim(`  more: npx gaia explain ${app.id}`));
  showFailure(output, app);
  showStory(output, app, storyLines);
}

export function stateOf(app: Pick<AppJson, 'group' | 'tasksRunning' | 'instances' | 'deployments'>): string {
  const deploying = app.deployments.length > 0 ? yellow(' (deploying)') : '';
  if (app.group !== null && app.group !== undefined) return STATE_WORDS[app.group.state] + deploying;
  if (app.instances === 0) return dim('suspended') + deploying;
  return (app.tasksRunning >= app.instances ? green('running') : yellow('incomplete')) + deploying;
}

const STATE_WORDS: Record<NonNullable<AppJson['group']>['state'], string> = {
  forming: yellow('forming: no leader yet'),
  whole: green('whole'),
  degraded: yellow('degraded: a majority serves, a replica is missing'),
  noQuorum: red('no quorum: a majority of the replicas is not known to be alive'),
  lost: red('lost: a majority of the replicas has ended, their state is gone'),
};

function showGroup(output: Output, app: AppJson): void {
  const leader = app.group?.leader ?? null;
  const text = leader === null ? 'none known' : `slot ${leader.slot} at ${leader.address}, term ${leader.term}`;
  output.line(`  leader: ${text}`);
  if (app.group?.awaits) output.line(yellow(`  ${app.group.awaits}`));
  if (app.tasks.length === 0) return;
  output.line();
  output.table(
    [
      'SLOT',
      'MEMBER',
      'ROLE',
      'TERM',
      'AGENT',
      'PLACE',
      'ADDRESS',
      'LAG',
      'TRANSPORT',
      'ELECTIONS',
      'LABEL',
      'PID',
      'STATE',
    ],
    [...app.tasks].sort((a, b) => (a.replica?.slot ?? 0) - (b.replica?.slot ?? 0)).map(replicaRow),
  );
  showCommits(output, app.tasks);
  showTransports(output, app.tasks);
}

/** Of the leader, since its process started. */
function showCommits(output: Output, tasks: TaskJson[]): void {
  const report = tasks.map(({ replica }) => replica?.report).find((one) => one?.role === 'leader');
  const metrics = report?.metrics;
  if (!metrics || metrics.batchEntries.count === 0) return;
  const [p50, p99] = [0.5, 0.99].map((share) => duration(quantile(metrics.commitLatencyNs, share)));
  const count = metrics.batchEntries.count.toLocaleString('en');
  const bytes = Math.round(mean(metrics.batchBytes) ?? 0).toLocaleString('en');
  output.line(`  commits of the leader: ${count}, p50 ${p50}, p99 ${p99}, ${bytes} bytes each`);
}

function duration(ns: number | null): string {
  if (ns === null) return '?';
  const [divisor, unit] = ns < 1e6 ? [1e3, 'µs'] : [1e6, 'ms'];
  return `${Number((ns / divisor).toPrecision(2))} ${unit}`;
}

/** Why pairs of replicas do not use a better transport, each reason once. */
function showTransports(output: Output, tasks: TaskJson[]): void {
  const peers = tasks.flatMap(({ replica }) => replica?.report?.peers ?? []);
  const reasons = peers.filter((peer) => peer.connected && peer.transportReason !== '');
  for (const text of new Set(reasons.map((peer) => `${peer.transport}: ${peer.transportReason}`)))
    output.line(dim(`  ${text}`));
}

function replicaRow(task: TaskJson): string[] {
  const report = task.replica?.report ?? null;
  const transports = [...new Set(report?.peers.filter((peer) => peer.connected).map((peer) => peer.transport))];
  const label = report?.divergence ? red(`diverged at ${report.divergence.index}`) : (report?.label ?? '?');
  return [
    ...[task.replica?.slot ?? '?', task.replica?.member ?? '?', roleText(report?.role), report?.term ?? '?'],
    ...[task.host, placeOf(task), task.replica?.address ?? '?', report?.lagEntries ?? '?'],
    ...[transports.join(', ') || '–', report?.metrics?.elections ?? '?', label, report?.pid ?? '?', task.state],
  ].map(String);
}

function roleText(role: string | undefined): string {
  if (role === undefined) return '?';
  return role === 'leader' ? green(role) : role;
}

function showTasks(output: Output, tasks: TaskJson[]): void {
  output.line();
  const rows = tasks.map((task) => [task.id, task.host, placeOf(task), task.ports.join(', '), task.state]);
  output.table(['TASK', 'AGENT', 'PLACE', 'PORTS', 'STATE'], rows);
}

export function showWaiting(output: Output, waiting: AppJson['waiting']): void {
  if (waiting === null || waiting === undefined) return;
  output.line();
  output.line(
    yellow(`  ${waiting.count} to be placed since ${time(waiting.since)}: ${waiting.sentence ?? 'waiting for offers'}`),
  );
  if (waiting.delaySecondsLeft > 0) output.line(`  next attempt in ${Math.ceil(waiting.delaySecondsLeft)} s`);
  for (const refusal of waiting.refusals) output.line(`    ${refusal.sentence}`);
}

function showFailure(output: Output, { lastTaskFailure: failure }: AppJson): void {
  if (failure === undefined) return;
  const { timestamp, taskId, host, state, message } = failure;
  const [first, ...more] = message.split('\n');
  output.line();
  output.line(`  last failure: ${time(timestamp)} ${taskId} on ${host}: ${state}`);
  output.line(`    ${first}`);
  for (const line of more) output.line(dim(`    ${line}`));
}

function showStory(output: Output, { id, story }: AppJson, lines: number): void {
  if (story.length === 0) return;
  const earlier = Math.max(0, story.length - lines);
  output.line();
  output.line(bold('  What happened'));
  if (earlier > 0) output.line(dim(`  ${earlier} earlier: npx gaia app show ${id} --story ${story.length}`));
  for (const { at, text } of story.slice(earlier)) output.line(`  ${dim(time(at))}  ${text}`);
}

/** Messages of failures carry the last lines of the program; `last failure` shows them once, and other places point at it. */
export function firstLine(text: string): string {
  const [first = '', ...more] = text.split('\n');
  return more.length === 0 ? first : `${first} …`;
}

/** Local time to the millisecond; fail-overs are shorter than a second. */
export function time(iso: string): string {
  const date = new Date(iso);
  const pad = (value: number, digits = 2) => String(value).padStart(digits, '0');
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => pad(part)).join(':');
  return Number.isNaN(date.getTime()) ? iso : `${clock}.${pad(date.getMilliseconds(), 3)}`;
}
