/** Placement: which agent takes which replica, and why. No I/O, no clock, no randomness. */
export { avoidance, windowText } from './avoidance.js';
export {
  type AgentName,
  agentsIn,
  type Cluster,
  isSelected,
  type Move,
  majorityOf,
  type RunningGroup,
  type RunningReplica,
  type Selection,
  valuesIn,
} from './cluster.js';
export { constraintFault } from './constraints.js';
export { type DrainPlan, planDrain } from './drain.js';
export { Inventory } from './inventory.js';
export { ladderOf, rungFault } from './ladder.js';
export { isFounded } from './leader.js';
export { place, placeIn } from './place.js';
export { sharedBy } from './portions.js';
export { type PreemptionPlan, planPreemption, type Victim } from './preemption.js';
export { planRebalance, type RebalanceMove, type RebalanceOptions, type RebalancePlan } from './rebalance.js';
export { type DomainSurvival, type Survival, survives } from './survives.js';
export type * from './types.js';
export { chooseVictims, type VictimOptions } from './victims.js';
