/**
 * Rooms that are kept while room is scarce: an agent's kept room is what the largest recurring demand that it can take would take;
 * its spare room is the rest. Replicas go to the least spare room that does, and where none does, to the agent whose kept room is the
 * smallest: large replicas find room to the last.
 */
import { fitStep, stepsMax } from './fit.js';
import type { Filled } from './fit-index.js';
import type { Ledger } from './ledger.js';
import { type Amounts, covers, dimensions } from './resources.js';

/** Demands that rooms are kept for, at most: their ranks share the steps. */
export const keptDemandsMax = 15;
const stepsPerRank = (stepsMax + 1) / (keptDemandsMax + 1);

/** Of one agent. */
export interface Rooms {
  spare: Filled & { ledger: Ledger };
  /** All that is left; the smaller the kept room, the higher the step, and among equals the fuller the agent. */
  whole: Filled & { ledger: Ledger };
}

/** @param recurring the largest first */
export function roomsOf(ledger: Ledger, recurring: readonly Amounts[], largest: Amounts): Rooms {
  const { number, left } = ledger;
  const rooms = { spare: { number, ledger, left, step: 0 }, whole: { number, ledger, left, step: 0 } };
  refresh(rooms, recurring, largest);
  return rooms;
}

/** What the agent has left is another amount. */
export function refresh({ spare, whole }: Rooms, recurring: readonly Amounts[], largest: Amounts): void {
  const { left } = whole.ledger;
  whole.left = left;
  const rank = rankOf(left, recurring);
  spare.left = spareOf(left, recurring[rank]);
  spare.step = fitStep(spare.left, largest, left, 0);
  whole.step = wholeStep(left, rank, largest);
}

/** The kept room, by its place among the recurring demands; their number: there is none. */
function rankOf(left: Amounts, recurring: readonly Amounts[]): number {
  const rank = recurring.findIndex((demand) => covers(left, demand));
  return rank === -1 ? recurring.length : rank;
}

function spareOf(left: Amounts, kept: Amounts | undefined): Amounts {
  const spare = { ...left };
  if (kept) for (const dimension of dimensions) spare[dimension] -= kept[dimension];
  return spare;
}

function wholeStep(left: Amounts, rank: number, largest: Amounts): number {
  return rank * stepsPerRank + Math.floor(fitStep(left, largest, left, 0) / stepsPerRank);
}

/** How well a demand goes to an agent with so much left: 0 to `fitnessMax`. */
export function keptFitness(left: Amounts, asked: Amounts, recurring: readonly Amounts[], largest: Amounts): number {
  const rank = rankOf(left, recurring);
  const spare = spareOf(left, recurring[rank]);
  return covers(spare, asked) ? stepsMax + 1 + fitStep(spare, largest, left, 0) : wholeStep(left, rank, largest);
}

export const fitnessMax = 2 * stepsMax + 1;

/** The same, of an agent whose rooms are known. */
export function fitnessIn({ spare, whole }: Rooms, asked: Amounts): number {
  return covers(spare.left, asked) ? stepsMax + 1 + spare.step : whole.step;
}
