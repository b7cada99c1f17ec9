import lodash from 'lodash';

/** Rows by id, each made anew only when what it is made of has changed, and replaced only when it then says something else. */
export class KeptRows<Row extends object> {
  #kept = new Map<string, { of: readonly unknown[]; row: Row }>();

  /** One pass over all that there is: what is not among `entries` is forgotten. `of`: what the row is made of, compared by reference. */
  renew(entries: Iterable<{ id: string; of: readonly unknown[]; make: () => Row }>): Map<string, Row> {
    const [kept, rows] = [new Map<string, { of: readonly unknown[]; row: Row }>(), new Map<string, Row>()];
    for (const { id, of, make } of entries) {
      const before = this.#kept.get(id);
      const now = before && sameItems(before.of, of) ? before : { of, row: unlessEqual(before?.row, make()) };
      kept.set(id, now);
      rows.set(id, now.row);
    }
    this.#kept = kept;
    return rows;
  }
}

const sameItems = (one: readonly unknown[], other: readonly unknown[]) =>
  one.length === other.length && one.every((item, index) => item === other[index]);

const unlessEqual = <Row>(before: Row | undefined, made: Row): Row =>
  before !== undefined && lodash.isEqual(before, made) ? before : made;
