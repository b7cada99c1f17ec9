/** Agents by region, zone and rack, in the order in which people count. */
import type { AgentRow } from './rows.js';
import { searchFor } from './search.js';

export interface Domain<Below> {
  /** Null: agents without one. */
  name: string | null;
  below: Below[];
}

type Rack = Domain<AgentRow>;
export type Zone = Domain<Rack>;
export type Region = Domain<Zone>;

type Located = Pick<AgentRow, 'region' | 'zone' | 'attributes'>;

const rackOf = ({ attributes }: Located): string | null => attributes.rack ?? null;
const zoneOf = ({ zone, attributes }: Located): string | null => zone ?? attributes.zone ?? null;

const byNumber = new Intl.Collator('en', { numeric: true });

export function regionsOf(agents: Iterable<AgentRow>): Region[] {
  const sorted = [...agents].sort((a, b) => byNumber.compare(a.hostname, b.hostname));
  return split(sorted, ({ region }) => region).map(([name, inRegion]) => ({
    name,
    below: split(inRegion, zoneOf).map(([zone, inZone]) => ({
      name: zone,
      below: split(inZone, rackOf).map(([rack, below]) => ({ name: rack, below })),
    })),
  }));
}

function split(agents: AgentRow[], nameOf: (agent: AgentRow) => string | null): [string | null, AgentRow[]][] {
  const parts = new Map<string | null, AgentRow[]>();
  for (const agent of agents) {
    const name = nameOf(agent);
    const part = parts.get(name);
    if (part === undefined) parts.set(name, [agent]);
    else part.push(agent);
  }
  return [...parts].sort(([a], [b]) => byNumber.compare(a ?? '\uffff', b ?? '\uffff'));
}

/** 'region eu, zone a, rack r1' */
export function placeOf(located: Located): string {
  const named = { region: located.region, zone: zoneOf(located), rack: rackOf(located) };
  return Object.entries(named)
    .flatMap(([kind, name]) => (name ? [`${kind} ${name}`] : []))
    .join(', ');
}

/** Agents whose name, place or apps have all the words. */
export function agentsFound(
  agents: Iterable<AgentRow>,
  tasksOfAgent: ReadonlyMap<string, readonly { appId: string }[]>,
  search: string,
): AgentRow[] {
  const matches = searchFor(search);
  if (matches === null) return [...agents];
  return [...agents].filter((agent) => {
    const apps = (tasksOfAgent.get(agent.id) ?? []).map(({ appId }) => appId);
    return matches([agent.hostname, placeOf(agent), ...apps].join(' '));
  });
}

/** Whether a map of the one is a map of the other. */
export function areSamePlaces(some: readonly AgentRow[], others: readonly AgentRow[]): boolean {
  return some.length === others.length && some.every((one, index) => isSamePlace(one, others[index] as AgentRow));
}

const isSamePlace = (a: AgentRow, b: AgentRow) =>
  a === b ||
  (a.id === b.id &&
    a.hostname === b.hostname &&
    a.region === b.region &&
    zoneOf(a) === zoneOf(b) &&
    rackOf(a) === rackOf(b));
