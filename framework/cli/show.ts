import type { EarmarkView, ReservationView } from '../service.js';
import { type AppJson, placeOf, programOf, type TaskJson, volumesOf } from './app-json.js';
import { inCommands } from './in-commands.js';
import type { Output } from './output.js';
import { gaia } from './program-name.js';
import { showGroup } from './show-group.js';
import { showHealth } from './show-health.js';
import { bold, dim, green, red, yellow } from './terminal/colour.js';

/** `gaia app show`: what the app is, how its replicas are, and how it came to this. */
export function showApp(output: Output, app: AppJson, storyLines: number): void {
  output.line(`${bold(app.id)}  ${stateOf(app)}`);
  output.line(dim(`  ${programOf(app)}`));
  const kind = app.replication === undefined ? 'tasks' : 'replicas';
  const isGuest = app.replication?.protocol === 'vm';
  output.line(
    `  ${app.tasksRunning} of ${app.instances} ${kind} run, each ${isGuest ? 'but the witness ' : ''}with ${app.cpus} cpus and ${app.mem} MB; version ${app.version}`,
  );
  showHealth(output, app);
  if (app.replication !== undefined) showGroup(output, app);
  else if (app.tasks.length > 0) showTasks(output, app.tasks);
  if (app.container?.vm !== undefined) showGuests(output, app.tasks);
  showReservations(output, app.reservations ?? []);
  showWaiting(output, app.waiting);
  if (app.waiting !== null) output.line(dim(`  more: ${gaia} explain ${app.id}`));
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
  lost: red('lost: it serves nobody, and nothing is restarted by itself'),
};

function showTasks(output: Output, tasks: TaskJson[]): void {
  output.line();
  const rows = tasks.map((task) => [task.id, task.host, placeOf(task), task.ports.join(', '), task.state]);
  output.table(['TASK', 'AGENT', 'PLACE', 'PORTS', 'STATE'], rows);
}

/** What QEMU says of each guest. */
function showGuests(output: Output, tasks: TaskJson[]): void {
  for (const { id, message } of tasks) if (message !== undefined) output.line(`  ${id}: ${firstLine(message)}`);
}

/** What agents keep for the instances of an app with volumes. */
function showReservations(output: Output, reservations: ReservationView[]): void {
  if (reservations.length === 0) return;
  output.line();
  const rows = reservations.map((kept) => [kept.instanceId, kept.host, volumesOf(kept), kept.taskId ?? 'waits for it']);
  output.table(['KEPT FOR', 'AGENT', 'VOLUMES', 'TASK'], rows);
}

export function showWaiting(output: Output, waiting: AppJson['waiting']): void {
  if (waiting === null || waiting === undefined) return;
  output.line();
  output.line(
    yellow(`  ${waiting.count} to be placed since ${time(waiting.since)}: ${waiting.sentence ?? 'waiting for offers'}`),
  );
  if (waiting.delaySecondsLeft > 0) output.line(`  next attempt in ${Math.ceil(waiting.delaySecondsLeft)} s`);
  if (waiting.earmark) output.line(`  ${earmarkText(waiting.earmark)}`);
  for (const refusal of waiting.refusals) output.line(`    ${refusal.sentence}`);
}

/** 'until 10:05:00 what it needs on agent-1, agent-2 is given to no other' */
function earmarkText({ until, agents }: EarmarkView): string {
  const names = agents.map(({ hostname, replicas }) => (replicas > 1 ? `${hostname} (${replicas} times)` : hostname));
  return `until ${time(until)} what it needs on ${names.join(', ')} is given to no other`;
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
  if (earlier > 0) output.line(dim(`  ${earlier} earlier: ${gaia} app show ${id} --story ${story.length}`));
  for (const { at, text } of story.slice(earlier)) output.line(`  ${dim(time(at))}  ${inCommands(text)}`);
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
