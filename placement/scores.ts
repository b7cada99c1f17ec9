/**
 * How good an agent is for one replica. Parts run from 0 to 1; a part's weight is (size + 1) times that of the next,
 * and one replica more in a domain costs 1/size, so a wider domain always outweighs all narrower ones and best fit
 * decides among agents that are equally far apart. What is kept or not (not avoided, the wishes) has twice the weight of the next
 * such part, the last of them (size + 1) times that of the widest domain. The weighted sum is therefore a lexicographic order.
 */
import { fitStep, stepsMax } from './fit.js';
import { type Amounts, dimensions } from './resources.js';
import { fitnessMax, keptFitness } from './rooms.js';
import type { Objective, ScorePart } from './types.js';

/** 1 when no replica of the app is in the domain, 0 when all are. */
export function spreadValue(replicasThere: number, size: number): number {
  return Math.max(0, 1 - replicasThere / size);
}

/** `keptRooms`: best fit while room is scarce. */
export type Measure = Objective | 'keptRooms';

/** What the last part of the score measures, and what people are told it is. */
export const measureNames: Record<Measure, string> = {
  bestFit: 'best fit',
  keptRooms: 'best fit beside kept rooms',
  spread: 'room for more',
  dotProduct: 'dot product',
  residual: 'residual',
};

/**
 * How well `asked` goes to an agent with `left`, of which `replicas` of the group have taken their share; 0 to 1.
 * `bestFit`: the fuller the better; `keptRooms`: see rooms.ts; `spread`: the emptier; `dotProduct`: the more is left of what is asked most; `residual`: the
 * less is left afterwards, by its length (L2). Source of the latter two: Panigrahy et al., "Heuristics for Vector Bin Packing", 2011.
 */
export function fitValue(
  measure: Measure,
  left: Amounts,
  { asked, largest, recurring }: FitQuestion,
  replicas: number,
): number {
  if (measure === 'bestFit') return fitStep(left, largest, asked, replicas) / stepsMax;
  if (measure === 'spread') return 1 - fitStep(left, largest, asked, replicas) / stepsMax;
  const now = less(left, asked, replicas);
  if (measure === 'keptRooms') return keptFitness(now, asked, recurring, largest) / fitnessMax;
  const shares = dimensions
    .filter((dimension) => largest[dimension] > 0)
    .map((dimension) => ({
      asked: asked[dimension] / largest[dimension],
      left: Math.max(0, now[dimension]) / largest[dimension],
    }));
  return measure === 'dotProduct' ? dotProduct(shares) : residual(shares);
}

export interface FitQuestion {
  asked: Amounts;
  /** Of each dimension, the total of the agent that has most. */
  largest: Amounts;
  /** Demands that recur, the largest first. */
  recurring: readonly Amounts[];
}

function less(left: Amounts, asked: Amounts, replicas: number): Amounts {
  const rest = { ...left };
  for (const dimension of dimensions) rest[dimension] -= replicas * asked[dimension];
  return rest;
}

type Shares = { asked: number; left: number }[];

function dotProduct(shares: Shares): number {
  const all = shares.reduce((sum, { asked }) => sum + asked, 0);
  return all === 0 ? 0 : shares.reduce((sum, { asked, left }) => sum + asked * left, 0) / all;
}

function residual(shares: Shares): number {
  const squares = shares.reduce((sum, { asked, left }) => sum + (left - asked) ** 2, 0);
  return shares.length === 0 ? 0 : 1 - Math.sqrt(squares / shares.length);
}

/** The weights of: not avoided, each wish, each rung from the widest, fit. The last is 1. */
export function weights(wishes: number, rungs: number, size: number): number[] {
  const graded = Array.from({ length: rungs + 1 }, (_, i) => (size + 1) ** (rungs - i));
  const kept = Array.from({ length: wishes + 1 }, (_, i) => (size + 1) ** (rungs + 1) * 2 ** (wishes - i));
  return [...kept, ...graded];
}

/** The parts' weighted mean, 0 to 1. */
export function weightedMean(parts: readonly ScorePart[]): number {
  const total = parts.reduce((sum, part) => sum + part.weight, 0);
  return parts.reduce((sum, part) => sum + part.value * part.weight, 0) / total;
}
