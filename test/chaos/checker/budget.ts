/** What a verdict may cost; whoever needs more gives up, and says so. */

export class GaveUp extends Error {}

export class Budget {
  readonly #max: number;
  #spent = 0;

  /** In operations of the model that are tried, or work that takes about as long. */
  constructor(max: number) {
    this.#max = max;
  }

  spend(cost: number): void {
    this.#spent += cost;
    if (this.#spent > this.#max) throw new GaveUp(`no verdict after ${this.#max} steps`);
  }
}
