/** Where the replicas of one app are while a plan for it is being made: the living ones and those chosen so far. */
import { type CountRule, roomIn } from './constraints.js';
import { domainKeys, type Located } from './domains.js';
import type { Amounts } from './resources.js';
import {
  type FitQuestion,
  fitValue,
  type Measure,
  measureNames,
  spreadValue,
  weightedMean,
  weights,
} from './scores.js';
import type { AgentSnapshot, ScorePart } from './types.js';
import type { Wish } from './wishes.js';

/** An agent that could take at least one replica of the group if it were alone. */
export interface Candidate {
  agent: AgentSnapshot;
  name: string;
  left: Amounts;
  /** How many replicas of the group it could take. */
  room: number;
  /** Per counting rule. */
  values: string[];
  /** Per wish. */
  wishes: (string | null)[];
  /** Per rung of the ladder. */
  domains: string[];
  avoided: boolean;
}

export interface Frame extends FitQuestion {
  rules: CountRule[];
  /** The most important first. */
  wishes: Wish[];
  ladder: string[];
  living: Located[];
  /** Replicas of the app once all that are asked for run. */
  size: number;
  measure: Measure;
}

type Counts = Map<string, number>;

export class Arrangement {
  readonly taken: Candidate[] = [];
  private readonly uses = new Map<Candidate, number>();
  private readonly perValue: Counts[];
  private readonly perWish: Counts[];
  private readonly perDomain: Counts[];
  private readonly weights: number[];

  constructor(readonly frame: Frame) {
    this.perValue = frame.rules.map((rule) => tally(frame.living.map((at) => rule.valueAt(at))));
    this.perWish = frame.wishes.map((wish) => tally(frame.living.map((at) => wish.valueAt(at))));
    const keys = frame.living.map((at) => domainKeys(at, frame.ladder));
    this.perDomain = frame.ladder.map((_, rung) => tally(keys.map((key) => key[rung] ?? null)));
    this.weights = weights(frame.wishes.length, frame.ladder.length, frame.size);
  }

  /** Replicas of the app per rung of the ladder and key of the domain. */
  get crowds(): readonly ReadonlyMap<string, number>[] {
    return this.perDomain;
  }

  usesOf(candidate: Candidate): number {
    return this.uses.get(candidate) ?? 0;
  }

  /** How many replicas of the app have the value that counting rule `index` counts. */
  countOf(index: number, value: string): number {
    return this.perValue[index]?.get(value) ?? 0;
  }

  /** How many more replicas may have this value by counting rule `index`. */
  roomOf(index: number, value: string): number {
    return roomIn(this.frame.rules[index] as CountRule, value, this.perValue[index] as Counts);
  }

  /** The first counting rule that keeps another replica off this agent, as an index; -1 when none does. */
  refusingRule(values: readonly (string | null)[]): number {
    return values.findIndex((value, index) => value === null || this.roomOf(index, value) < 1);
  }

  allows(candidate: Candidate): boolean {
    return this.usesOf(candidate) < candidate.room && this.refusingRule(candidate.values) === -1;
  }

  take(candidate: Candidate): void {
    this.taken.push(candidate);
    this.change(candidate, 1);
  }

  release(candidate: Candidate): void {
    this.taken.splice(this.taken.lastIndexOf(candidate), 1);
    this.change(candidate, -1);
  }

  private change(candidate: Candidate, by: number): void {
    add(this.uses, candidate, by);
    for (const [index, value] of candidate.values.entries()) add(this.perValue[index] as Counts, value, by);
    for (const [index, value] of candidate.wishes.entries())
      if (value !== null) add(this.perWish[index] as Counts, value, by);
    for (const [rung, key] of candidate.domains.entries()) add(this.perDomain[rung] as Counts, key, by);
  }

  /** Only comparable with scores of the same arrangement. Higher is better. */
  score(candidate: Candidate): number {
    const { size } = this.frame;
    let sum = candidate.avoided ? 0 : (this.weights[0] as number);
    const wishes = candidate.wishes.length;
    for (let index = 0; index < wishes; index++)
      if (this.holds(candidate, index)) sum += this.weights[index + 1] as number;
    for (let rung = 0; rung < candidate.domains.length; rung++) {
      const there = this.perDomain[rung]?.get(candidate.domains[rung] as string) ?? 0;
      sum += spreadValue(there, size) * (this.weights[wishes + rung + 1] as number);
    }
    return sum + this.fit(candidate);
  }

  private holds({ wishes }: Candidate, index: number): boolean {
    const value = wishes[index] ?? null;
    return value !== null && (this.frame.wishes[index] as Wish).holds(value, this.perWish[index] as Counts);
  }

  /** The wishes that one more replica on this agent would not fulfil, by their titles. */
  unmet(candidate: Candidate): string[] {
    const { wishes } = this.frame;
    return wishes.filter((_, index) => !this.holds(candidate, index)).map(({ title }) => title);
  }

  private fit(candidate: Candidate): number {
    return fitValue(this.frame.measure, candidate.left, this.frame, this.usesOf(candidate));
  }

  /** The same score for people: its parts, and their weighted mean. */
  scoreParts(candidate: Candidate): { score: number; parts: ScorePart[] } {
    const { wishes, ladder, size } = this.frame;
    const spread = ladder.map((domain, rung): [string, number] => {
      const there = this.perDomain[rung]?.get(candidate.domains[rung] as string) ?? 0;
      return [`spread over ${domain}`, spreadValue(there, size)];
    });
    const named: [string, number][] = [
      ['not avoided', candidate.avoided ? 0 : 1],
      ...wishes.map(({ title }, index): [string, number] => [title, this.holds(candidate, index) ? 1 : 0]),
      ...spread,
      [measureNames[this.frame.measure], this.fit(candidate)],
    ];
    const parts = named.map(([name, value], i) => ({ name, value, weight: this.weights[i] as number }));
    return { score: weightedMean(parts), parts };
  }

  /** At most so many more replicas fit on `open`: by room, and by each counting rule alone. */
  bound(open: readonly Candidate[]): number {
    let bound = open.reduce((sum, candidate) => sum + candidate.room - this.usesOf(candidate), 0);
    for (let index = 0; index < this.frame.rules.length; index++)
      bound = Math.min(bound, this.boundByRule(index, open));
    return bound;
  }

  /** At most so many more replicas fit on `open` by counting rule `index` alone. */
  boundByRule(index: number, open: readonly Candidate[]): number {
    const counts = this.perValue[index] as Counts;
    const perValue: Counts = new Map();
    for (const candidate of open)
      add(perValue, candidate.values[index] as string, candidate.room - this.usesOf(candidate));
    const fresh: number[] = [];
    let bound = 0;
    for (const [value, room] of perValue) {
      const most = Math.min(room, this.roomOf(index, value));
      if (counts.has(value)) bound += most;
      else fresh.push(most);
    }
    fresh.sort((a, b) => b - a);
    const freshMax = Math.max(0, (this.frame.rules[index] as CountRule).valuesMax - counts.size);
    return fresh.slice(0, Math.min(fresh.length, freshMax)).reduce((sum, most) => sum + most, bound);
  }
}

function tally(keys: readonly (string | null)[]): Counts {
  const counts: Counts = new Map();
  for (const key of keys) if (key !== null) add(counts, key, 1);
  return counts;
}

function add<Key>(counts: Map<Key, number>, key: Key, by: number): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}
