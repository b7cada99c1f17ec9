/** Near or apart from other apps: an agent is judged by the replicas of theirs that run in its failure domain. */
import type { EachRule } from './constraints.js';
import { domainKeys, domainText, domainValue, type Located } from './domains.js';
import type { Affinity, AgentSnapshot, GroupRequest } from './types.js';
import { wishesMax } from './wishes.js';

/** Field, value and remedy, or null when the affinities are in order. */
export function affinityFault({ id, near = [], apart = [] }: GroupRequest): string | null {
  const wishes = [...near, ...apart].filter(({ required }) => !required).length;
  if (wishes > wishesMax)
    return `near and apart have ${wishes} entries that are not required; use at most ${wishesMax}`;
  return listFault('near', near, id) ?? listFault('apart', apart, id);
}

function listFault(name: 'near' | 'apart', list: readonly Affinity[], id: string): string | null {
  const own = list.findIndex(({ app }) => app === id);
  if (own !== -1) return `${name}[${own}].app is ${id}, the group itself; spread says how its own replicas lie`;
  const nowhere = list.findIndex(({ domain }) => domain === '');
  return nowhere === -1 ? null : `${name}[${nowhere}].domain is empty; give host, zone, rack or another attribute`;
}

/** The rules of a group, in the order given, `near` first. `agents`: all that are known, with what runs there. */
export function affinityRules(
  { near = [], apart = [] }: GroupRequest,
  ladder: readonly string[],
  agents: () => readonly AgentSnapshot[],
): { rule: EachRule; required: boolean }[] {
  if (near.length + apart.length === 0) return [];
  const all = agents();
  return [
    ...near.map((one) => ({ rule: nearRule(one, homesOf(one, ladder, all)), required: one.required })),
    ...apart.map((one) => ({ rule: apartRule(one, homesOf(one, ladder, all)), required: one.required })),
  ];
}

/** Domains with replicas of an app. */
interface Homes {
  path: readonly string[];
  /** Whose replica is in the same domain; null: nobody's. */
  slotIn(at: Located): number | null;
  none: boolean;
}

/** A domain of the group's ladder belongs to the wider ones there. */
function homesOf({ app, domain }: Affinity, ladder: readonly string[], agents: readonly AgentSnapshot[]): Homes {
  const rung = ladder.indexOf(domain);
  const path = rung === -1 ? [domain] : ladder.slice(0, rung + 1);
  const keyOf = (at: Located) => domainKeys(at, path).at(-1) as string;
  const slots = new Map<string, number>();
  for (const agent of agents) {
    const there = agent.running?.find((replica) => replica.app === app);
    if (there) slots.set(keyOf(agent), there.slot);
  }
  return { path, slotIn: (at) => slots.get(keyOf(at)) ?? null, none: slots.size === 0 };
}

/** Two agents whose domain is unknown are not known to be near each other. */
function nearRule({ app, domain }: Affinity, { path, slotIn, none }: Homes): EachRule {
  return {
    kind: 'each',
    refusal: 'affinity',
    title: `near ${app} by ${domain}`,
    accepts: (at) => domainValue(at, domain) !== null && slotIn(at) !== null,
    why: (at) =>
      none
        ? `no replica of ${app} is known to run`
        : `its ${domain} is ${domainText(at, path)}, where no replica of ${app} is known to run`,
  };
}

/** Nor are they known to be apart. */
function apartRule({ app, domain }: Affinity, { path, slotIn }: Homes): EachRule {
  return {
    kind: 'each',
    refusal: 'affinity',
    title: `apart from ${app} by ${domain}`,
    accepts: (at) => slotIn(at) === null,
    why: (at) => `its ${domain} is ${domainText(at, path)}, where replica ${slotIn(at)} of ${app} runs`,
  };
}
