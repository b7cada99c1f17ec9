/** Plans that may take seconds on large clusters, as jobs that another thread can do (`planner.ts`). Pure. */
import {
  type Cluster,
  type DrainPlan,
  type GroupRequest,
  type PreemptionPlan,
  planDrain,
  planPreemption,
  planRebalance,
  type RebalanceOptions,
  type RebalancePlan,
} from '../placement/index.js';

export type PlanJob = { type: 'drain'; cluster: Cluster; agentIds: string[] } | RebalanceJob | PreemptionJob;

export interface RebalanceJob {
  type: 'rebalance';
  cluster: Cluster;
  options: RebalanceOptions;
}

export interface PreemptionJob {
  type: 'preemption';
  cluster: Cluster;
  /** Of one group, as `planPreemption` takes them. */
  parts: GroupRequest[];
  priority: number;
}

export type PlanOf<Job extends PlanJob> = {
  drain: DrainPlan;
  rebalance: RebalancePlan;
  preemption: PreemptionPlan;
}[Job['type']];

export function carryOut<Job extends PlanJob>(job: Job): PlanOf<Job> {
  return planFor(job) as PlanOf<Job>;
}

function planFor(job: PlanJob): PlanOf<PlanJob> {
  switch (job.type) {
    case 'drain':
      return planDrain(job.cluster, job.agentIds);
    case 'rebalance':
      return planRebalance(job.cluster, job.options);
    case 'preemption':
      return preemptionFor(job);
  }
}

/** Of a plain app one task is better than none. */
function preemptionFor({ cluster, parts, priority }: PreemptionJob): PreemptionPlan {
  const plan = planPreemption(cluster, parts, priority);
  const [group] = parts;
  if (plan.sentence === null || !group || group.whole || group.slots.length === 1) return plan;
  return planPreemption(cluster, [{ ...group, slots: group.slots.slice(0, 1) }], priority);
}
