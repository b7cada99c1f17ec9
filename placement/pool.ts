/** Agents that a replica may be given to, and the best of them for an arrangement. */
import type { Arrangement, Candidate } from './arrangement.js';
import { avoidance, closure } from './avoidance.js';
import type { DomainTree } from './domain-tree.js';
import type { Question } from './filters.js';
import type { Ledger } from './ledger.js';
import { roomForNamed } from './named.js';
import { hasPort, specificPorts } from './resources.js';
import type { Rooms } from './rooms.js';

export interface Pool {
  /** The best that is allowed. */
  best(arrangement: Arrangement): Candidate | null;
}

/** Looks at each; the first of equals. */
export class ListPool implements Pool {
  constructor(private readonly candidates: readonly Candidate[]) {}

  best(arrangement: Arrangement): Candidate | null {
    let found: Candidate | null = null;
    let foundScore = Number.NEGATIVE_INFINITY;
    for (const candidate of this.candidates) {
      if (!arrangement.allows(candidate)) continue;
      const score = arrangement.score(candidate);
      if (score <= foundScore) continue;
      found = candidate;
      foundScore = score;
    }
    return found;
  }
}

/** All agents that are not to be avoided, by their domains and how full they are. */
export class TreePool implements Pool {
  private readonly specific: number[];

  constructor(
    private readonly question: Question,
    private readonly tree: DomainTree,
    private readonly rooms: readonly Rooms[] | null,
    private readonly start: number,
    private readonly candidateOf: (ledger: Ledger) => Candidate,
  ) {
    this.specific = specificPorts(question.group.demand);
  }

  best(arrangement: Arrangement): Candidate | null {
    const { asked, group } = this.question;
    const used = new Set(arrangement.taken.map(({ agent }) => agent.id));
    const accepts = (ledger: Ledger) => !used.has(ledger.agent.id) && this.accepts(ledger, arrangement);
    const evenly = arrangement.frame.measure === 'spread';
    const { start, rooms } = this;
    const fresh = this.tree.best({ asked, crowds: arrangement.crowds, accepts, start, evenly, rooms });
    const candidates = fresh ? [this.candidateOf(fresh)] : [];
    // The tree knows agents as they are without the replicas of this arrangement.
    if (!group.distinctAgents) candidates.push(...new Set(arrangement.taken));
    return new ListPool(candidates).best(arrangement);
  }

  /** Whatever is not a question of cpus, mem, disk and gpus. */
  accepts(ledger: Ledger, arrangement: Arrangement): boolean {
    const { group, each } = this.question;
    const { agent } = ledger;
    if (ledger.portsLeft < group.demand.ports.length || avoidance(group, agent) !== null) return false;
    if (closure(group, agent.id) !== null) return false;
    if (group.distinctAgents && group.living.some(({ agentId }) => agentId === agent.id)) return false;
    if (roomForNamed(ledger.named, group.demand) < 1) return false;
    if (!this.specific.every((port) => hasPort(ledger.ports, port))) return false;
    if (!each.every((rule) => rule.accepts(agent))) return false;
    return arrangement.refusingRule(arrangement.frame.rules.map((rule) => rule.valueAt(agent))) === -1;
  }
}
