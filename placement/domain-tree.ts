/**
 * Agents by their failure domains, along one ladder: finds the agent that lies furthest from the replicas of a group,
 * widest domain first, and among those that are equally far the fullest.
 */
import { domainKeys } from './domains.js';
import { FitIndex, type Positions, positionsFor } from './fit-index.js';
import type { Ledger } from './ledger.js';
import { type Amounts, covers } from './resources.js';

/** Domains with fewer agents are looked through one by one. */
const indexedAgentsMin = 96;
/** So few domains are asked one after the other. */
const askedDomainsMax = 8;

interface Domain {
  key: string;
  parent: Domain | null;
  children: Domain[];
  ledgers: Ledger[];
  index: FitIndex<Ledger> | null;
}

/** Where the replicas of the group are: how many, by rung and key of the domain. */
export type Crowds = readonly ReadonlyMap<string, number>[];

export interface Wanted {
  asked: Amounts;
  crowds: Crowds;
  /** Whatever is not a question of amounts. */
  accepts(ledger: Ledger): boolean;
  /** The emptiest agent in place of the fullest. */
  evenly: boolean;
  /** Any whole number; decides among equals. */
  start: number;
}

interface Found {
  ledger: Ledger;
  /** Replicas in its domain, per rung from where the search began. */
  crowd: number[];
}

export class DomainTree {
  private readonly root: Domain = domain('', null);
  private readonly byKey = new Map<string, Domain>();
  /** Per rung, each agent's domain by the agent's number. */
  private readonly homes: Domain[][];
  /** Per level, the root's first. */
  private readonly positions: Positions[];

  constructor(
    private readonly ladder: readonly string[],
    ledgers: readonly Ledger[],
  ) {
    this.homes = ladder.map(() => []);
    for (const ledger of ledgers) this.enter(ledger);
    this.positions = Array.from({ length: ladder.length + 1 }, () => positionsFor(ledgers.length));
    this.build(this.root, 0);
  }

  private enter(ledger: Ledger): void {
    let parent = this.root;
    parent.ledgers.push(ledger);
    for (const [rung, key] of domainKeys(ledger.agent, this.ladder).entries()) {
      let home = this.byKey.get(key);
      if (!home) {
        home = domain(key, parent);
        this.byKey.set(key, home);
        parent.children.push(home);
      }
      home.ledgers.push(ledger);
      (this.homes[rung] as Domain[])[ledger.number] = home;
      parent = home;
    }
  }

  private build(at: Domain, depth: number): void {
    if (at.ledgers.length >= indexedAgentsMin) at.index = new FitIndex(at.ledgers, this.positions[depth] as Positions);
    for (const child of at.children) this.build(child, depth + 1);
  }

  /** What `ledger` has left is another amount. */
  changed(ledger: Ledger): void {
    this.root.index?.changed(ledger);
    for (const homes of this.homes) homes[ledger.number]?.index?.changed(ledger);
  }

  /** The keys of the agent's domains, by rung. */
  keysOf(ledger: Ledger): string[] {
    return this.homes.map((homes) => (homes[ledger.number] as Domain).key);
  }

  /** Agents that have room for the smallest replica so far; an upper bound. */
  get open(): number {
    return this.root.index?.open ?? this.root.ledgers.length;
  }

  /** Some agent has so much left, whatever else is asked. */
  hasRoom(asked: Amounts): boolean {
    return fullest(this.root, { asked, start: 0, evenly: false }, () => true) !== null;
  }

  best(wanted: Wanted): Ledger | null {
    return this.bestIn(this.root, 0, wanted)?.ledger ?? null;
  }

  private bestIn(at: Domain, rung: number, wanted: Wanted): Found | null {
    if (rung === this.ladder.length) return found(fullest(at, wanted, wanted.accepts), []);
    const crowded = this.crowdedIn(at, rung, wanted.crowds);
    return this.inEmpty(at, rung, wanted, crowded) ?? this.inCrowded(crowded, rung, wanted);
  }

  private crowdedIn(at: Domain, rung: number, crowds: Crowds): Map<Domain, number> {
    const crowded = new Map<Domain, number>();
    for (const [key, count] of crowds[rung] as ReadonlyMap<string, number>) {
      const child = this.byKey.get(key);
      if (child?.parent === at) crowded.set(child, count);
    }
    return crowded;
  }

  /** In a domain without replicas of the group; all domains within it are without them, too. */
  private inEmpty(at: Domain, rung: number, wanted: Wanted, crowded: Map<Domain, number>): Found | null {
    const empty = at.children.length - crowded.size;
    if (empty === 0) return null;
    const none = Array<number>(this.ladder.length - rung).fill(0);
    if (crowded.size === 0) return found(fullest(at, wanted, wanted.accepts), none);
    if (empty > askedDomainsMax) {
      const homes = this.homes[rung] as Domain[];
      const accepts = (ledger: Ledger) => !crowded.has(homes[ledger.number] as Domain) && wanted.accepts(ledger);
      return found(fullest(at, wanted, accepts), none);
    }
    const open = at.children.filter((child) => !crowded.has(child));
    return bestOf(
      open.map((child) => found(fullest(child, wanted, wanted.accepts), none)),
      wanted.evenly,
    );
  }

  /** The least crowded first. */
  private inCrowded(crowded: Map<Domain, number>, rung: number, wanted: Wanted): Found | null {
    const counts = [...new Set(crowded.values())].sort((a, b) => a - b);
    for (const count of counts) {
      const alike = [...crowded].filter((entry) => entry[1] === count);
      const best = bestOf(
        alike.map(([child]) => {
          const inside = this.bestIn(child, rung + 1, wanted);
          return inside && { ledger: inside.ledger, crowd: [count, ...inside.crowd] };
        }),
        wanted.evenly,
      );
      if (best) return best;
    }
    return null;
  }
}

function domain(key: string, parent: Domain | null): Domain {
  return { key, parent, children: [], ledgers: [], index: null };
}

function found(ledger: Ledger | null, crowd: number[]): Found | null {
  return ledger && { ledger, crowd };
}

function fullest(
  at: Domain,
  { asked, start, evenly }: Pick<Wanted, 'asked' | 'start' | 'evenly'>,
  accepts: Wanted['accepts'],
): Ledger | null {
  if (at.index) return at.index.best(asked, start, evenly, accepts);
  let best: Ledger | null = null;
  const { ledgers } = at;
  for (let i = 0, place = start % ledgers.length; i < ledgers.length; i++, place++) {
    if (place === ledgers.length) place = 0;
    const ledger = ledgers[place] as Ledger;
    if ((best === null || isFitter(ledger, best, evenly)) && covers(ledger.left, asked) && accepts(ledger))
      best = ledger;
  }
  return best;
}

function isFitter(a: Ledger, b: Ledger, evenly: boolean): boolean {
  return evenly ? a.step < b.step : a.step > b.step;
}

function bestOf(all: readonly (Found | null)[], evenly: boolean): Found | null {
  return all.reduce((best, next) => (next && (best === null || isBetter(next, best, evenly)) ? next : best), null);
}

function isBetter(a: Found, b: Found, evenly: boolean): boolean {
  const rung = a.crowd.findIndex((count, i) => count !== b.crowd[i]);
  if (rung === -1) return isFitter(a.ledger, b.ledger, evenly);
  return (a.crowd[rung] as number) < (b.crowd[rung] as number);
}
