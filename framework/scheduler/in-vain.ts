/** Demands that have found nothing among the offers at hand, and are not looked for again before something has changed. */
import type { Context } from './context.js';
import { type Demand, demandKey, priorityOf } from './demand.js';

export interface InVain {
  /** The offers, and where they may be used. */
  readonly among: string;
  readonly byKey: Map<string, { demand: Demand; text: string }>;
}

export const nothingInVain: InVain = { among: '', byKey: new Map() };

/** What of it holds among the offers that are at hand now. */
export function stillInVain(context: Context): InVain {
  const { inVain } = context.memory;
  const among = amongText(context);
  return inVain.among === among ? inVain : { among, byKey: new Map() };
}

/** Which offers are at hand, and what is kept of them for whom. */
function amongText({ memory, state }: Context): string {
  const earmarks = [...memory.earmarks.values()].map(({ appId, sinceMs, agents }) => {
    return [appId, sinceMs, agents, priorityOf(state.apps.get(appId)?.active ?? {})];
  });
  return JSON.stringify([memory.offers.changes, memory.closed, [...memory.held], earmarks]);
}

export function isInVain({ byKey }: InVain, demand: Demand): boolean {
  const known = byKey.get(demandKey(demand));
  return known !== undefined && (known.demand === demand || known.text === demandText(demand));
}

export function noteInVain({ byKey }: InVain, demand: Demand): void {
  byKey.set(demandKey(demand), { demand, text: demandText(demand) });
}

/** Whatever else decides whether it fits. Agents in maintenance are avoided while others do, so that does not. */
function demandText({ app, request }: Demand): string {
  const { closed = {}, maintenance: _, ...others } = request;
  return JSON.stringify([priorityOf(app.active), others, Object.keys(closed).length]);
}
