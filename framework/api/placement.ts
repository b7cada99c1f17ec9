import _ from 'lodash';
import { ladderOf, type Survival, survives } from '../../placement/index.js';
import type { AppView, FrameworkView, TaskView } from '../service.js';
import { waitingOf } from './answers.js';

/** `/v2/apps/{id}/placement`: why each task is where it is, why not elsewhere, and what keeps the rest waiting. */
export function placementJson(app: AppView, view: FrameworkView) {
  return {
    appId: app.spec.id,
    spread: app.spec.replication?.spread ?? [],
    constraints: app.spec.constraints,
    preferences: app.spec.preferences ?? [],
    affinity: app.spec.affinity ?? [],
    tasks: app.tasks.map((task) => ({
      taskId: task.id,
      slot: task.replica?.slot ?? null,
      state: task.state,
      host: task.host,
      agentId: task.agentId,
      region: task.region,
      zone: task.zone,
      attributes: task.attributes,
      placement: task.placement,
    })),
    reservations: app.reservations,
    survives: survivalOf(app),
    waiting: waitingOf(app, view),
  };
}

/** Which failures leave a majority of the replicas that run; null when there is none, as for plain apps. */
function survivalOf({ spec, tasks }: AppView): Survival | null {
  if (spec.replication === null) return null;
  const running = tasks.filter((task) => task.replica !== null && task.state === 'TASK_RUNNING');
  return running.length === 0 ? null : survives(running.map(locate), ladderOf(spec.replication.spread));
}

function locate({ agentId, host, region, zone, attributes }: TaskView) {
  const texts = _.mapValues(attributes, (value) => ({ type: 'text' as const, value }));
  return { agentId, hostname: host, region, zone, attributes: texts };
}
