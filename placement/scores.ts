/**
 * How good an agent is for one replica. Parts run from 0 to 1; a part's weight is (size + 1) times that of the next,
 * and one replica more in a domain costs 1/size, so a wider domain always outweighs all narrower ones and best fit
 * decides among agents that are equally far apart. The weighted sum is therefore a lexicographic order.
 */
import { fitStep, stepsMax } from './fit.js';
import type { Amounts } from './resources.js';
import type { ScorePart } from './types.js';

/** 1 when no replica of the app is in the domain, 0 when all are. */
export function spreadValue(replicasThere: number, size: number): number {
  return Math.max(0, 1 - replicasThere / size);
}

/** How full the agent is before the replica comes; `replicas` of the group are already there. */
export function fullness(left: Amounts, largest: Amounts, asked: Amounts, replicas: number): number {
  return fitStep(left, largest, asked, replicas) / stepsMax;
}

/** The weight of each part of a list of `parts`, widest first; the last has weight 1. */
export function weights(parts: number, size: number): number[] {
  return Array.from({ length: parts }, (_, i) => (size + 1) ** (parts - 1 - i));
}

/** The parts' weighted mean, 0 to 1. */
export function weightedMean(parts: readonly ScorePart[]): number {
  const total = parts.reduce((sum, part) => sum + part.weight, 0);
  return parts.reduce((sum, part) => sum + part.value * part.weight, 0) / total;
}
