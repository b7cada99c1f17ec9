/** Resources that only some clusters have: further scalars by name, and sets whose items are given out one by one. */
import { plain } from './resources.js';
import type { ReplicaDemand, Resources } from './types.js';

export interface NamedLeft {
  /** Whole thousandths. */
  scalars: Map<string, number>;
  sets: Map<string, string[]>;
}

/** What a replica asks of a name and what there is; sets count items. */
export interface NamedShortfall {
  name: string;
  asked: number;
  free: number;
}

const exact = (value: number) => Math.round(value * 1000);

export function openNamed({ scalars = {}, sets = {} }: Resources): NamedLeft {
  return {
    scalars: new Map(Object.entries(scalars).map(([name, value]) => [name, exact(value)])),
    sets: new Map(Object.entries(sets).map(([name, items]) => [name, [...new Set(items)].sort()])),
  };
}

/** How many replicas fit side by side. Infinity when nothing of the kind is asked. */
export function roomForNamed(left: NamedLeft, { scalars, sets }: ReplicaDemand): number {
  let room = Number.POSITIVE_INFINITY;
  for (const name in scalars) {
    const asked = exact(scalars[name] as number);
    if (asked > 0) room = Math.min(room, Math.floor((left.scalars.get(name) ?? 0) / asked));
  }
  for (const name in sets) {
    const asked = sets[name] as number;
    if (asked > 0) room = Math.min(room, Math.floor((left.sets.get(name)?.length ?? 0) / asked));
  }
  return room;
}

export function namedShortfalls(left: NamedLeft, { scalars = {}, sets = {} }: ReplicaDemand): NamedShortfall[] {
  const ofScalars = Object.entries(scalars).map(([name, value]) => ({
    name,
    asked: plain(exact(value)),
    free: plain(left.scalars.get(name) ?? 0),
  }));
  const ofSets = Object.entries(sets).map(([name, asked]) => ({ name, asked, free: left.sets.get(name)?.length ?? 0 }));
  return [...ofScalars, ...ofSets].filter(({ asked, free }) => asked > free);
}

/** Takes one replica's share; the caller has made sure that it is there. Gives back the items of each set asked for. */
export function takeNamed(left: NamedLeft, { scalars = {}, sets = {} }: ReplicaDemand): Record<string, string[]> {
  for (const [name, value] of Object.entries(scalars))
    left.scalars.set(name, (left.scalars.get(name) ?? 0) - exact(value));
  const taken: Record<string, string[]> = {};
  for (const [name, count] of Object.entries(sets)) {
    const items = left.sets.get(name) ?? [];
    taken[name] = items.slice(0, count);
    left.sets.set(name, items.slice(count));
  }
  return taken;
}

/** Gives back what `takeNamed` has taken. */
export function giveNamed(left: NamedLeft, { scalars = {} }: ReplicaDemand, items: Record<string, string[]>): void {
  for (const [name, value] of Object.entries(scalars))
    left.scalars.set(name, (left.scalars.get(name) ?? 0) + exact(value));
  for (const [name, given] of Object.entries(items))
    left.sets.set(name, [...(left.sets.get(name) ?? []), ...given].sort());
}
