/** Demands that are asked for again and again: of an inventory that is kept, they say what will be asked for next. */
import { type Amounts, keyOf, largestFirst } from './resources.js';
import { keptDemandsMax } from './rooms.js';

/** Demands that are counted; of more, the longest not asked for is forgotten. */
const countedMax = 64;
const asksMin = 2;
/** The list is made anew when the number of asks has doubled, or risen by so many. */
const asksBetweenMax = 1024;

export class Recurring {
  /** Those asked for most often, the largest first. */
  list: readonly Amounts[] = [];
  private readonly counted = new Map<string, { asked: Amounts; asks: number }>();
  private asks = 0;
  private nextListing = asksMin;

  /**
   * One group asks for this.
   * @returns whether the list was made anew
   */
  note(asked: Amounts, largest: Amounts): boolean {
    const key = keyOf(asked);
    const asks = (this.counted.get(key)?.asks ?? 0) + 1;
    this.counted.delete(key);
    this.counted.set(key, { asked, asks });
    for (const oldest of this.counted.keys()) {
      if (this.counted.size <= countedMax) break;
      this.counted.delete(oldest);
    }
    this.asks += 1;
    if (this.asks < this.nextListing) return false;
    this.nextListing = this.asks + Math.min(this.asks, asksBetweenMax);
    this.list = this.listed(largest);
    return true;
  }

  private listed(largest: Amounts): Amounts[] {
    const often = [...this.counted.values()].filter(({ asks }) => asks >= asksMin);
    often.sort((a, b) => b.asks - a.asks);
    return largestFirst(often.slice(0, keptDemandsMax), largest).map(({ asked }) => asked);
  }
}
