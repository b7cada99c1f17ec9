/**
 * How full an agent is, in steps: the measure of best fit. What is left of it counts, each dimension by the largest
 * agent's, so that a small empty agent is fuller than a large one; dimensions that nobody has asked for do not. Steps are coarse enough that agents of one step are
 * as good as each other, and fine enough that packing does not suffer.
 */
import { type Amounts, dimensions } from './resources.js';

export const stepsMax = 255;

/**
 * @param left what is left of the agent, less `asked` for each of `replicas` more
 * @param largest of each dimension that counts, the total of the agent that has most; 0: it does not count
 * @returns 0 (as empty as the largest agent) to `stepsMax` (full)
 */
export function fitStep(left: Amounts, largest: Amounts, asked: Amounts, replicas: number): number {
  let sum = 0;
  let counted = 0;
  for (const dimension of dimensions) {
    if (largest[dimension] === 0) continue;
    sum += (left[dimension] - asked[dimension] * replicas) / largest[dimension];
    counted += 1;
  }
  // Rounded up: an agent that is in use is fuller than one that is not, however little is used.
  return counted === 0 ? 0 : Math.min(stepsMax, Math.max(0, Math.ceil(stepsMax * (1 - sum / counted))));
}
