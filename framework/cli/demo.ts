import { setTimeout as sleep } from 'node:timers/promises';
import { type ApiClient, appPath } from './api-client.js';
import { type AppJson, placeOf, type TaskJson } from './app-json.js';
import { EXIT, Failure } from './failure.js';
import type { Output } from './output.js';
import { gaia } from './program-name.js';
import { bold, green } from './terminal/colour.js';
import { newsOnly } from './terminal/progress.js';
import { waitForDeployment } from './wait.js';

export const DEMO_ID = '/demo/ledger';

/** The distribution's own redis-server, as it is. */
const DEMO = {
  id: DEMO_ID,
  cmd: "exec redis-server --bind 127.0.0.1 --port $PORT0 --save ''",
  cpus: 0.5,
  mem: 128,
  instances: 3,
  replication: { protocol: 'apus', transport: 'auto', durability: 'memory', spread: ['zone', 'rack', 'host'] },
};

const WHOLE_TIMEOUT_SECONDS = 90;
const POLL_INTERVAL_MS = 250;

/** Starts the demo and resolves when all of its replicas are in the group. */
export async function startDemo(api: ApiClient, told: (sentence: string) => void): Promise<AppJson> {
  const tell = newsOnly(told);
  const { body } = await api.send<AppJson>('POST', '/v2/apps', DEMO);
  const [deployment] = body.deployments;
  if (deployment !== undefined) {
    const news = (_share: number, sentence: string) => tell(sentence);
    await waitForDeployment(api, deployment.id, WHOLE_TIMEOUT_SECONDS, news);
  }
  return waitUntilWhole(api, tell);
}

async function waitUntilWhole(api: ApiClient, tell: (sentence: string) => void): Promise<AppJson> {
  const deadlineMs = performance.now() + WHOLE_TIMEOUT_SECONDS * 1000;
  for (;;) {
    const { app } = await api.get<{ app: AppJson }>(appPath(DEMO_ID));
    if (app.group?.state === 'whole' && app.tasks.every((task) => task.replica?.report)) return app;
    const sentence = app.waiting?.sentence ?? `the group is ${app.group?.state ?? 'unknown'}`;
    tell(sentence);
    if (performance.now() > deadlineMs) {
      const message = `${DEMO_ID} is not whole after ${WHOLE_TIMEOUT_SECONDS} s: ${sentence}`;
      throw new Failure(EXIT.timedOut, message, `The cluster goes on. See why with: ${gaia} app show ${DEMO_ID}`);
    }
    await sleep(POLL_INTERVAL_MS);
  }
}

/** The addresses of the replicas and what to try with them. `suffix` makes the commands reach this cluster. */
export function showDemo(output: Output, app: AppJson, suffix: string): void {
  const replicas = app.tasks.filter((task) => task.replica !== undefined).sort((a, b) => slotOf(a) - slotOf(b));
  output.line(
    `${bold(app.id)} is redis-server, unmodified, in ${replicas.length} replicas, each on an agent of its own:`,
  );
  output.line();
  output.table(['SLOT', 'ROLE', 'ADDRESS', 'AGENT', 'PLACE', 'PID'], replicas.map(row));
  output.line();
  const leader = replicas.find(isLeader);
  const other = replicas.find((task) => !isLeader(task)) ?? leader;
  output.line(bold('Three things to try'));
  output.line('  1. Write through any replica, read through another:');
  output.line(`       redis-cli -p ${portOf(other)} set k v`);
  output.line(`       redis-cli -p ${portOf(leader ?? other)} get k`);
  output.line('  2. Kill the leader, write again through a survivor, and see what happened:');
  output.line(`       kill -9 ${leader?.replica?.report?.pid ?? 'PID'}`);
  output.line(`       redis-cli -p ${portOf(other)} set k w`);
  output.line(`       ${gaia} app show ${app.id}${suffix}`);
  output.line('  3. Ask why each replica is where it is:');
  output.line(`       ${gaia} explain ${app.id}${suffix}`);
}

function row(task: TaskJson): string[] {
  const { replica } = task;
  const role = isLeader(task) ? green('leader') : (replica?.report?.role ?? '?');
  const pid = replica?.report?.pid ?? '?';
  return [String(slotOf(task)), role, replica?.address ?? '?', task.host, placeOf(task), String(pid)];
}

function slotOf(task: TaskJson): number {
  return task.replica?.slot ?? 0;
}

function isLeader(task: TaskJson): boolean {
  return task.replica?.report?.role === 'leader';
}

function portOf(task: TaskJson | undefined): string {
  return task?.replica?.address.split(':').at(-1) ?? 'PORT';
}
