/**
 * Agents by their failure domains, along one ladder: finds the agent that lies furthest from the replicas of a group,
 * widest domain first, and among those that are equally far the fittest: the fullest or the emptiest, or as
 * rooms.ts says where rooms are kept.
 */
import { domainKeys } from './domains.js';
import { FitIndex, type Positions, positionsFor } from './fit-index.js';
import type { Ledger } from './ledger.js';
import { type Amounts, covers } from './resources.js';
import { fitnessIn, type Rooms } from './rooms.js';

/** Domains with fewer agents are looked through one by one. */
const indexedAgentsMin = 96;
/** So few domains are asked one after the other. */
const askedDomainsMax = 8;

interface RoomIndex {
  spare: FitIndex<Rooms['spare']>;
  whole: FitIndex<Rooms['whole']>;
}

interface Domain {
  key: string;
  parent: Domain | null;
  children: Domain[];
  ledgers: Ledger[];
  index: FitIndex<Ledger> | null;
  /** Made when rooms are kept for the first time. */
  rooms: RoomIndex | null;
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
  /** By the agents' numbers. Null: no rooms are kept. */
  rooms: readonly Rooms[] | null;
  /** Any whole number; decides among equals. */
  start: number;
}

type Fitting = Omit<Wanted, 'crowds' | 'accepts'>;

interface Found {
  ledger: Ledger;
  fitness: number;
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
  private rooms: readonly Rooms[] | null = null;

  constructor(
    private readonly ladder: readonly string[],
    ledgers: readonly Ledger[],
  ) {
    this.homes = ladder.map(() => []);
    for (const ledger of ledgers) this.enter(ledger);
    this.positions = this.positionsByLevel();
    this.build(this.root, 0);
  }

  private positionsByLevel(): Positions[] {
    return Array.from({ length: this.ladder.length + 1 }, () => positionsFor(this.root.ledgers.length));
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

  private keep(rooms: readonly Rooms[]): void {
    this.rooms = rooms;
    const [spare, whole] = [this.positionsByLevel(), this.positionsByLevel()];
    const build = (at: Domain, depth: number): void => {
      const here = at.ledgers.map(({ number }) => rooms[number] as Rooms);
      at.rooms = at.index && {
        spare: new FitIndex(
          here.map((one) => one.spare),
          spare[depth] as Positions,
        ),
        whole: new FitIndex(
          here.map((one) => one.whole),
          whole[depth] as Positions,
        ),
      };
      for (const child of at.children) build(child, depth + 1);
    };
    build(this.root, 0);
  }

  /** What `ledger` has left is another amount. */
  changed(ledger: Ledger): void {
    this.root.index?.changed(ledger);
    for (const homes of this.homes) homes[ledger.number]?.index?.changed(ledger);
    const rooms = this.rooms?.[ledger.number];
    if (!rooms) return;
    roomsChanged(this.root, rooms);
    for (const homes of this.homes) roomsChanged(homes[ledger.number] as Domain, rooms);
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
    return fittest(this.root, { asked, start: 0, evenly: false, rooms: null }, () => true) !== null;
  }

  best(wanted: Wanted): Ledger | null {
    if (wanted.rooms !== null && wanted.rooms !== this.rooms) this.keep(wanted.rooms);
    return this.bestIn(this.root, 0, wanted)?.ledger ?? null;
  }

  private bestIn(at: Domain, rung: number, wanted: Wanted): Found | null {
    if (rung === this.ladder.length) return found(fittest(at, wanted, wanted.accepts), [], wanted);
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
    if (crowded.size === 0) return found(fittest(at, wanted, wanted.accepts), none, wanted);
    if (empty > askedDomainsMax) {
      const homes = this.homes[rung] as Domain[];
      const accepts = (ledger: Ledger) => !crowded.has(homes[ledger.number] as Domain) && wanted.accepts(ledger);
      return found(fittest(at, wanted, accepts), none, wanted);
    }
    const open = at.children.filter((child) => !crowded.has(child));
    return bestOf(open.map((child) => found(fittest(child, wanted, wanted.accepts), none, wanted)));
  }

  /** The least crowded first. */
  private inCrowded(crowded: Map<Domain, number>, rung: number, wanted: Wanted): Found | null {
    const counts = [...new Set(crowded.values())].sort((a, b) => a - b);
    for (const count of counts) {
      const alike = [...crowded].filter((entry) => entry[1] === count);
      const best = bestOf(
        alike.map(([child]) => {
          const inside = this.bestIn(child, rung + 1, wanted);
          return inside && { ...inside, crowd: [count, ...inside.crowd] };
        }),
      );
      if (best) return best;
    }
    return null;
  }
}

function domain(key: string, parent: Domain | null): Domain {
  return { key, parent, children: [], ledgers: [], index: null, rooms: null };
}

function roomsChanged({ rooms }: Domain, { spare, whole }: Rooms): void {
  rooms?.spare.changed(spare);
  rooms?.whole.changed(whole);
}

function found(ledger: Ledger | null, crowd: number[], wanted: Wanted): Found | null {
  return ledger && { ledger, fitness: fitness(ledger, wanted), crowd };
}

function fittest(at: Domain, wanted: Fitting, accepts: Wanted['accepts']): Ledger | null {
  const { asked, start, evenly } = wanted;
  if (!at.index) return fittestOf(at.ledgers, wanted, accepts);
  if (!wanted.rooms || !at.rooms) return at.index.best(asked, start, evenly, accepts);
  const accept = ({ ledger }: { ledger: Ledger }) => accepts(ledger);
  const room = at.rooms.spare.best(asked, start, false, accept) ?? at.rooms.whole.best(asked, start, false, accept);
  return room?.ledger ?? null;
}

function fittestOf(ledgers: readonly Ledger[], wanted: Fitting, accepts: Wanted['accepts']): Ledger | null {
  let best: Ledger | null = null;
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0, place = wanted.start % ledgers.length; i < ledgers.length; i++, place++) {
    if (place === ledgers.length) place = 0;
    const ledger = ledgers[place] as Ledger;
    const value = fitness(ledger, wanted);
    if (value <= most || !covers(ledger.left, wanted.asked) || !accepts(ledger)) continue;
    best = ledger;
    most = value;
  }
  return best;
}

/** Higher is better; in the order of the scores. */
function fitness(ledger: Ledger, { asked, evenly, rooms }: Fitting): number {
  if (rooms) return fitnessIn(rooms[ledger.number] as Rooms, asked);
  return evenly ? -ledger.step : ledger.step;
}

function bestOf(all: readonly (Found | null)[]): Found | null {
  return all.reduce((best, next) => (next && (best === null || isBetter(next, best)) ? next : best), null);
}

function isBetter(a: Found, b: Found): boolean {
  const rung = a.crowd.findIndex((count, i) => count !== b.crowd[i]);
  if (rung === -1) return a.fitness > b.fitness;
  return (a.crowd[rung] as number) < (b.crowd[rung] as number);
}
