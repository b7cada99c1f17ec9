import lodash from 'lodash';
import { Refusal } from '../http-call.js';
import type { DrainOrder } from '../protocol.js';
import { markGone } from './agents.js';
import { allocateNow, rescindOffersOfAgent } from './offers.js';
import { type MasterState, type Step, saveRegistry, sendToAgent, tasksOnAgent } from './state.js';

/** Agents that operators take out of use: deactivated ones are not offered, drained ones are emptied, too. */

export interface Drain extends DrainOrder {
  state: 'DRAINING' | 'DRAINED';
}

/** @throws Refusal */
export function checkAgent(state: MasterState, agentId: string): void {
  const { agents, unreachableAgents, recoveredAgents } = state;
  if ([agents, unreachableAgents, recoveredAgents].some((known) => known.has(agentId))) return;
  throw new Refusal(404, 'Agent not found');
}

/** @throws Refusal */
export function checkReactivation(state: MasterState, agentId: string): void {
  checkAgent(state, agentId);
  if (state.drains.get(agentId)?.state === 'DRAINING')
    throw new Refusal(400, `Agent ${agentId} is still in the DRAINING state`);
  if (!state.deactivatedAgents.has(agentId)) throw new Refusal(400, `Agent ${agentId} is not deactivated`);
}

export function deactivate(step: Step, agentId: string): void {
  step.state.deactivatedAgents.add(agentId);
  rescindOffersOfAgent(step, agentId);
  saveRegistry(step);
}

/** An agent that is away is told when it comes back. */
export function drain(step: Step, agentId: string, order: DrainOrder): void {
  const { state } = step;
  state.drains.set(agentId, { ...order, state: 'DRAINING' });
  deactivate(step, agentId);
  sendToAgent(step, state.agents.get(agentId), { type: 'drain', drain: order });
}

export function reactivate(step: Step, agentId: string): void {
  const { state } = step;
  state.deactivatedAgents.delete(agentId);
  state.drains.delete(agentId);
  saveRegistry(step);
  sendToAgent(step, state.agents.get(agentId), { type: 'drain', drain: null });
  allocateNow(step);
}

export function drainOf(state: MasterState, agentId: string): DrainOrder | null {
  const known = state.drains.get(agentId);
  return known ? lodash.pick(known, ['maxGraceMs', 'markGone']) : null;
}

/** An agent is drained when the end of its last task has been acknowledged, or its tasks went out of sight with it. */
export function tickDrains(step: Step): void {
  const { state } = step;
  for (const [agentId, known] of [...state.drains]) {
    if (!state.agents.has(agentId) && !state.unreachableAgents.has(agentId)) continue;
    if (known.state === 'DRAINED' || tasksOnAgent(state, agentId).length > 0) continue;
    if (known.markGone) markGone(step, agentId);
    else {
      state.drains.set(agentId, { ...known, state: 'DRAINED' });
      saveRegistry(step);
    }
  }
}

/** As pages and the operator API show it. */
export function drainFields(state: MasterState, agentId: string): object {
  const known = state.drains.get(agentId);
  if (!known) return {};
  const { maxGraceMs, markGone: gone } = known;
  const config = {
    ...(maxGraceMs !== null && { max_grace_period: { nanoseconds: maxGraceMs * 1e6 } }),
    mark_gone: gone,
  };
  return { drain_info: { state: known.state, config } };
}
