/** What was found for one group, with nothing taken yet. */
import { Arrangement, type Candidate } from './arrangement.js';
import { avoidance } from './avoidance.js';
import type { Copyset } from './copysets.js';
import type { DomainTree } from './domain-tree.js';
import { type Question, refuse } from './filters.js';
import type { Inventory } from './inventory.js';
import { ladderOf } from './ladder.js';
import { type Ledger, roomFor } from './ledger.js';
import { TreePool } from './pool.js';
import { ask } from './question.js';
import { amounts, covers } from './resources.js';
import type { Rooms } from './rooms.js';
import type { Measure } from './scores.js';
import { choose, chooseByScore } from './search.js';
import { hash } from './seed.js';
import type { GroupRequest, Refusal } from './types.js';

const lastAgentsMax = 12;
/** By these the best agent is found without looking at all. */
const indexed: ReadonlySet<Measure> = new Set(['bestFit', 'keptRooms', 'spread']);

export class Attempt {
  readonly question: Question;
  /** The best arrangement found, maybe of fewer replicas than asked. */
  readonly arrangement: Arrangement;
  /** Its agents are a copyset. */
  readonly onCopyset: boolean;
  /** The search reached its limit; there may be a better arrangement. */
  gaveUp = false;
  private readonly tree: DomainTree;
  private readonly start: number;
  private readonly rooms: readonly Rooms[] | null;
  private readonly known = new Map<Ledger, Candidate>();
  private surveyed: Survey | null = null;

  /** Agents to avoid come in only when the others do not do. */
  constructor(
    readonly inventory: Inventory,
    group: GroupRequest,
    private readonly seed: number,
  ) {
    inventory.ask(amounts(group.demand));
    this.tree = inventory.tree(ladderOf(group.spread));
    this.start = hash(`${seed}/${group.id}`);
    const evenly = inventory.objective === 'bestFit' && areLast(this.tree.open, inventory.ledgers.length);
    const kept = evenly ? null : inventory.keptRooms;
    this.rooms = kept?.rooms ?? null;
    const measure = evenly ? 'spread' : kept ? 'keptRooms' : inventory.objective;
    this.question = ask(group, inventory, measure, kept?.recurring ?? []);
    const onCopyset = this.byCopyset();
    this.onCopyset = onCopyset !== null;
    this.arrangement = onCopyset ?? this.byScore() ?? ordered(this.bySearch());
  }

  get ledgers(): readonly Ledger[] {
    return this.inventory.ledgers;
  }

  /** Agents that could not take a single replica. */
  get refused(): Map<Ledger, Refusal> {
    return this.survey().refused;
  }

  /** All others, in the order that breaks ties. */
  get candidates(): Candidate[] {
    return this.survey().candidates;
  }

  private survey(): Survey {
    this.surveyed ??= lookAtAll(this.question, this.ledgers, this.seed, (ledger) => this.candidateOf(ledger));
    return this.surveyed;
  }

  /** On one copyset, that of the living if there are any. Null: none does, or the group does not ask for one. */
  private byCopyset(): Arrangement | null {
    const { scatterWidth, living, slots, distinctAgents } = this.question.group;
    const { ladder } = this.question.arrangement.frame;
    const size = this.question.group.size ?? living.length + slots.length;
    if (scatterWidth === undefined || !distinctAgents || size < 2) return null;
    const copysets = this.inventory.copysetsOf(ladder, size, scatterWidth);
    const first = living[0] && this.inventory.ledgerOf(living[0].agentId);
    if (first) return firstOf(copysets.with(first), (set) => this.arrangedOn(set));
    let found: Arrangement | null = null;
    const accepts = (set: Copyset) => {
      found = this.arrangedOn(set);
      return found !== null;
    };
    copysets.best(this.question.asked, this.start, accepts);
    return found;
  }

  /** The group on these agents, beside its living replicas, which must be there, too. */
  private arrangedOn({ members }: Copyset): Arrangement | null {
    const { group, asked, arrangement } = this.question;
    const homes = new Set(group.living.map(({ agentId }) => agentId));
    const open = members.filter(({ agent }) => !homes.has(agent.id));
    if (open.length !== members.length - homes.size) return null;
    const pool = this.pool();
    const chosen = new Arrangement(arrangement.frame);
    for (const ledger of open) {
      if (chosen.taken.length === group.slots.length) break;
      if (covers(ledger.left, asked) && pool.accepts(ledger, chosen)) chosen.take(this.candidateOf(ledger));
    }
    return chosen.taken.length === group.slots.length ? chosen : null;
  }

  /** Without looking at all agents. Null: it comes to fewer replicas than asked, or a wish or the objective needs a look at all. */
  private byScore(): Arrangement | null {
    const { group, arrangement } = this.question;
    const { measure, rules, wishes } = arrangement.frame;
    if (wishes.length > 0 || !indexed.has(measure)) return null;
    const chosen = new Arrangement(arrangement.frame);
    if (!chooseByScore(chosen, this.pool(), group.slots.length)) return null;
    return rules.length > 0 ? ordered(chosen) : chosen;
  }

  private bySearch(): Arrangement {
    const { group, arrangement } = this.question;
    const count = group.slots.length;
    if (!this.tree.hasRoom(this.question.asked)) return new Arrangement(arrangement.frame);
    const calm = this.candidates.filter(({ avoided }) => !avoided);
    const chosen = new Arrangement(arrangement.frame);
    this.gaveUp = choose(chosen, calm, count).gaveUp;
    if (chosen.taken.length === count || calm.length === this.candidates.length) return chosen;
    const wider = new Arrangement(arrangement.frame);
    this.gaveUp = choose(wider, this.candidates, count).gaveUp;
    return wider.taken.length > chosen.taken.length ? wider : chosen;
  }

  private pool(): TreePool {
    return new TreePool(this.question, this.tree, this.rooms, this.start, (ledger) => this.candidateOf(ledger));
  }

  /** The agent as one that could take a replica. */
  candidateOf(ledger: Ledger): Candidate {
    const found = this.known.get(ledger) ?? candidate(ledger, this.question, this.tree.keysOf(ledger));
    this.known.set(ledger, found);
    return found;
  }
}

function firstOf<Item, Value>(items: readonly Item[], look: (item: Item) => Value | null): Value | null {
  for (const item of items) {
    const value = look(item);
    if (value !== null) return value;
  }
  return null;
}

interface Survey {
  refused: Map<Ledger, Refusal>;
  candidates: Candidate[];
}

function lookAtAll(
  question: Question,
  ledgers: readonly Ledger[],
  seed: number,
  candidateOf: (ledger: Ledger) => Candidate,
): Survey {
  const refused = new Map<Ledger, Refusal>();
  const candidates: Candidate[] = [];
  for (const ledger of ledgers) {
    const reason = refuse(ledger, question);
    if (reason) refused.set(ledger, reason);
    else candidates.push(candidateOf(ledger));
  }
  return { refused, candidates: sortedBySeed(candidates, seed, question.group.id) };
}

function sortedBySeed(candidates: Candidate[], seed: number, group: string): Candidate[] {
  const ranked = candidates.map((item) => ({ item, rank: hash(`${seed}/${group}/${item.agent.id}`) }));
  ranked.sort((a, b) => a.rank - b.rank || (a.item.agent.id < b.item.agent.id ? -1 : 1));
  return ranked.map(({ item }) => item);
}

/**
 * Groups need different agents. Where few are left with room, best fit would close one after the other until the room that
 * is left lies on fewer agents than a group has replicas.
 */
function areLast(open: number, all: number): boolean {
  return open < Math.min(lastAgentsMax, all / 40);
}

/** An agent that has room for a replica and keeps the rules that judge one agent; `domains` are its keys by rung. */
export function candidate(ledger: Ledger, { group, asked, arrangement }: Question, domains: string[]): Candidate {
  const { agent, name } = ledger;
  const most = group.distinctAgents ? 1 : group.slots.length;
  return {
    agent,
    name,
    left: { ...ledger.left },
    room: Math.min(most, roomFor(ledger, group.demand, asked)),
    values: arrangement.frame.rules.map((rule) => rule.valueAt(agent) as string),
    wishes: arrangement.frame.wishes.map((wish) => wish.valueAt(agent)),
    domains,
    avoided: avoidance(group, agent) !== null,
  };
}

/** The same agents, taken in the order of their scores. Any order is allowed when one is. */
function ordered(chosen: Arrangement): Arrangement {
  const inOrder = new Arrangement(chosen.frame);
  const rest = [...chosen.taken];
  while (rest.length > 0) {
    const scores = rest.map((item) => inOrder.score(item));
    const at = scores.indexOf(Math.max(...scores));
    for (const item of rest.splice(at, 1)) inOrder.take(item);
  }
  return inOrder;
}
