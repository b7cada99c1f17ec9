/** `/health`: whether this scheduler does what it is there for, and what people should look at. */
import { majorityOf } from '../../placement/index.js';
import type { AppSpec } from '../app.js';
import type { ExecutorArchive } from '../executor-archive/archive.js';
import type { DeploymentView, FrameworkView, Vitals } from '../service.js';
import type { Context } from './context.js';
import type { Resource } from './resource.js';

/** A store that takes longer answers nobody meanwhile. */
export const writingSecondsMax = 5;
/** A step that takes longer is worth a look. */
export const stepSecondsMax = 600;
const deploymentsShownMax = 20;

export interface Concern {
  check: 'master' | 'store' | 'deployments' | 'groups';
  sentence: string;
}

/**
 * 200 while it does, 503 with `reasons` while it does not: of the leader without a master (running tasks go on, changes wait), or with a store that hangs; of
 * others while nobody is known to lead. `warnings` are no reason to ask another scheduler.
 */
export function healthResource({ service, leadership, executorArchive, now }: Context): Resource {
  return {
    GET: (_request, reply) => {
      const { leading, leader } = leadership;
      if (!leading)
        return reply.code(leader === null ? 503 : 200).send({ status: leader ? 'standby' : 'no leader', leader });
      const health = healthOf(service.view(), service.vitals(), executorArchive, now());
      return reply.code(health.reasons.length === 0 ? 200 : 503).send({ ...health, leader });
    },
  };
}

/** `nowMs`: milliseconds since 1970. */
export function healthOf(
  view: FrameworkView,
  { masterHeardAt, store }: Vitals,
  archive: Pick<ExecutorArchive, 'sha256' | 'bytes'> | null,
  nowMs: number,
) {
  const { master, offers, frameworkId, queue, deployments } = view;
  const ageOf = (time: string | null) => time && Math.max(0, (nowMs - Date.parse(time)) / 1000);
  const stuck = deployments.filter(({ stepSince }) => nowMs - Date.parse(stepSince) >= stepSecondsMax * 1000);
  const reasons = [...masterConcerns(view), ...storeConcerns(store)];
  return {
    status: master.connected ? (reasons.length === 0 ? 'ok' : 'store hangs') : 'no master',
    reasons,
    warnings: [...stuck.slice(0, deploymentsShownMax).map(stuckConcern), ...groupConcerns(view)],
    frameworkId,
    master: { ...master, heardSecondsAgo: ageOf(masterHeardAt) },
    offers: { held: offers.held, suppressed: offers.suppressed, lastSecondsAgo: ageOf(offers.lastAt) },
    store: { lastWriteAt: store.lastWriteAt, writingSeconds: store.writingSeconds },
    executorArchive: archive && { sha256: archive.sha256, bytes: archive.bytes },
    appsWaiting: queue.length,
    deployments: deployments.length,
    deploymentsStuck: stuck.length,
  };
}

function masterConcerns({ master }: FrameworkView): Concern[] {
  if (master.connected) return [];
  const since = master.since === null ? 'since this scheduler leads' : `since ${master.since}`;
  const sentence = `no Mesos master is connected, ${since}: running tasks go on, changes wait. The log says what was tried`;
  return [{ check: 'master', sentence }];
}

function storeConcerns({ writingSeconds }: Vitals['store']): Concern[] {
  if (writingSeconds === null || writingSeconds < writingSecondsMax) return [];
  const sentence = `the store has been writing for ${writingSeconds.toFixed(0)} s: nothing is decided meanwhile. Look at the disk of --store, or at ZooKeeper`;
  return [{ check: 'store', sentence }];
}

function stuckConcern({ id, currentStep, steps, stepSince, waitingFor }: DeploymentView): Concern {
  const sentence = `deployment ${id} is in step ${currentStep} of ${steps.length} since ${stepSince}: ${waitingFor ?? 'it moves'}`;
  return { check: 'deployments', sentence };
}

/** A group that serves nobody. */
function groupConcerns({ apps }: FrameworkView): Concern[] {
  const bad = apps.filter(({ group }) => group?.state === 'lost' || group?.state === 'noQuorum');
  if (bad.length === 0) return [];
  const names = bad
    .slice(0, deploymentsShownMax)
    .map(({ spec, group }) => `${spec.id} (${group?.state === 'lost' ? 'lost' : lacksText(spec)})`);
  return [{ check: 'groups', sentence: `${bad.length} groups serve nobody: ${names.join(', ')}` }];
}

const lacksText = ({ instances }: AppSpec) => `needs ${majorityOf(instances)} of ${instances}`;
