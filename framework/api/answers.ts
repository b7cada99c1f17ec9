import _ from 'lodash';
import { ipAddressesOf } from '../ip-addresses.js';
import { type CheckStatusInfo, stagedStates } from '../mesos-http-client/index.js';
import type { AppView, DeploymentView, FrameworkView, TaskView } from '../service.js';
import { toJson } from '../spec.js';
import { instanceOfTask } from '../task-ids.js';

type Json = Record<string, unknown>;

/** An app as GET /v2/apps lists it: the spec, counts and deployments; `group` is an extension. */
export function appSummary(app: AppView): Json {
  const { staged, running, healthy, unhealthy } = taskCounts(app.tasks);
  return {
    ...toJson(app.spec),
    tasksStaged: staged,
    tasksRunning: running,
    tasksHealthy: healthy,
    tasksUnhealthy: unhealthy,
    deployments: app.deploymentIds.map((id) => ({ id })),
    group: app.group,
  };
}

/** Without health checks they are neither healthy nor unhealthy, as in Marathon. */
export function taskCounts(tasks: TaskView[]) {
  const count = (...states: string[]) => tasks.filter(({ state }) => states.includes(state)).length;
  return {
    staged: count(...stagedStates),
    running: count('TASK_RUNNING'),
    healthy: tasks.filter(({ health }) => health?.healthy === true).length,
    unhealthy: tasks.filter(({ health }) => health?.healthy === false).length,
  };
}

/** An app as GET /v2/apps/{id} shows it. `story` and `waiting` are extensions. */
export function appDetails(app: AppView, view: FrameworkView): Json {
  return {
    ...appSummary(app),
    tasks: app.tasks.map((task) => taskJson(task, app)),
    ...lastTaskFailure(app),
    ...(app.spec.readinessChecks && { readinessCheckResults: app.tasks.flatMap(({ readiness }) => readiness ?? []) }),
    ...(app.reservations.length > 0 ? { reservations: app.reservations } : {}),
    story: app.story,
    waiting: waitingOf(app, view),
  };
}

export function lastTaskFailure(app: AppView): Json {
  if (app.lastTaskFailure === null) return {};
  const { agentId, ...failure } = app.lastTaskFailure;
  return { lastTaskFailure: { ...failure, slaveId: agentId } };
}

/** Marathon's task, with what we know about its replica and its place. */
export function taskJson(task: TaskView, app: AppView | undefined): Json {
  const { agentId, replica, placement, health, checkStatus, readiness, ...same } = task;
  const services = app?.spec.portDefinitions.map((definition) => definition.port) ?? [];
  return {
    ..._.omitBy(same, _.isNull),
    slaveId: agentId,
    servicePorts: services,
    ipAddresses: ipAddressesOf(task.host),
    healthCheckResults: (health?.results ?? []).map((one) => ({ ...one, instanceId: instanceOfTask(task.id) })),
    ...(checkStatus && { checkResult: checkResult(checkStatus) }),
    localVolumes: localVolumes(task, app),
    ...(replica === null ? {} : { replica }),
    ...(placement === null ? {} : { placement }),
  };
}

function checkResult({ http, tcp, command }: CheckStatusInfo): Json {
  if (http) return { http: { statusCode: http.status_code } };
  return tcp ? { tcp } : { command: { exitCode: command?.exit_code } };
}

function localVolumes({ id, appId }: TaskView, app: AppView | undefined): Json[] {
  const kept = app?.reservations.find(({ taskId }) => taskId === id);
  return (kept?.volumes ?? []).map(({ containerPath, persistenceId }) => ({
    runSpecId: appId,
    containerPath,
    uuid: persistenceId.split('#').at(-1),
    persistenceId,
  }));
}

export function deploymentJson(deployment: DeploymentView): Json {
  return {
    id: deployment.id,
    version: deployment.version,
    affectedApps: deployment.affectedApps,
    affectedPods: [],
    steps: deployment.steps,
    currentStep: deployment.currentStep,
    totalSteps: deployment.steps.length,
    currentActions: deployment.currentActions.map(({ readiness = [], ...action }) => ({
      ...action,
      readinessCheckResults: readiness,
    })),
    waitingFor: deployment.waitingFor,
    ...(deployment.deadline === null ? {} : { deadline: deployment.deadline }),
  };
}

/** Why an app has fewer tasks than it asks for; null when nothing is known to be missing. */
export function waitingOf(app: AppView, view: FrameworkView): Json | null {
  const queued = view.queue.find((item) => item.appId === app.spec.id);
  if (queued === undefined || queued.count === 0) return null;
  return _.pick(queued, ['count', 'since', 'delaySecondsLeft', 'sentence', 'refusals', 'earmark']);
}

/** Marathon's list of service ports and where they are served, for scripts without JSON. */
export function endpointsText(apps: AppView[]): string {
  return apps
    .flatMap((app) => {
      const name = app.spec.id.slice(1).replaceAll('/', '_');
      const running = app.tasks.filter((task) => task.state === 'TASK_RUNNING');
      if (app.spec.portDefinitions.length === 0)
        return [
          line(
            name,
            ' ',
            running.map((task) => task.host),
          ),
        ];
      return app.spec.portDefinitions.map(({ port }, index) =>
        line(
          name,
          String(port),
          running.map((task) => `${task.host}:${task.ports[index] ?? ''}`),
        ),
      );
    })
    .join('');
}

function line(name: string, port: string, places: string[]): string {
  return `${[name, port, ...places].join('\t')}\t\n`;
}
