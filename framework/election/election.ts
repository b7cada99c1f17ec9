/**
 * Whether this scheduler leads: the deciding part, without clock, socket or randomness; `elector.ts` carries it out. A *reign* is
 * the time in which it does.
 *
 * Rule E1: a reign begins only as the first candidate of a session that lives, and when nothing of an earlier reign is left.
 * Rule E2: it ends in the step in which the session is over, or somebody else is the first candidate.
 * Rule E3: a session that has carried a reign carries no second one: who comes back stands behind the others.
 */
export type ElectionEvent =
  | { type: 'start' }
  | { type: 'sessionBegan' }
  /** A candidate under this name. */
  | { type: 'entered'; name: string }
  /** The first of the candidates; null: there is none. */
  | { type: 'firstIs'; name: string | null }
  | { type: 'sessionEnded' }
  /** The reign cannot go on, though the session lives. */
  | { type: 'reignFailed' }
  /** Nothing of it is left that acts. */
  | { type: 'reignEnded' }
  | { type: 'abdicate' }
  | { type: 'retry' }
  | { type: 'stop' };

export type ElectionAction =
  | { type: 'openSession' }
  | { type: 'closeSession' }
  | { type: 'enter' }
  | { type: 'beginReign' }
  | { type: 'endReign' }
  | { type: 'retryIn'; ms: number };

const retryMs = 500;

export class Election {
  #session: 'none' | 'opening' | 'open' = 'none';
  #reign: 'none' | 'on' | 'ending' = 'none';
  #name: string | null = null;
  #first: string | null = null;
  #stopped = false;

  /** From the moment it begins until it is ordered to end. */
  get reigns(): boolean {
    return this.#reign === 'on';
  }

  /** Nothing more comes of it. */
  get over(): boolean {
    return this.#stopped && this.#session === 'none' && this.#reign === 'none';
  }

  step(event: ElectionEvent): ElectionAction[] {
    switch (event.type) {
      case 'start':
      case 'retry':
        return this.#open();
      case 'sessionBegan':
        if (this.#session !== 'opening') return [];
        this.#session = 'open';
        return [{ type: 'enter' }];
      case 'entered':
        this.#name = event.name;
        return this.#consider();
      case 'firstIs':
        this.#first = event.name;
        return this.#consider();
      case 'sessionEnded':
        return this.#sessionEnded();
      case 'reignFailed':
      case 'abdicate':
        return this.#endReign();
      case 'reignEnded':
        return this.#reignEnded();
      case 'stop':
        this.#stopped = true;
        return this.#reign === 'none' ? this.#closeSession() : this.#endReign();
    }
  }

  #open(): ElectionAction[] {
    if (this.#stopped || this.#session !== 'none' || this.#reign !== 'none') return [];
    this.#session = 'opening';
    return [{ type: 'openSession' }];
  }

  #consider(): ElectionAction[] {
    const isFirst = this.#session === 'open' && this.#name !== null && this.#first === this.#name;
    if (!isFirst) return this.#endReign();
    if (this.#stopped || this.#reign !== 'none') return [];
    this.#reign = 'on';
    return [{ type: 'beginReign' }];
  }

  #endReign(): ElectionAction[] {
    if (this.#reign !== 'on') return [];
    this.#reign = 'ending';
    return [{ type: 'endReign' }];
  }

  #sessionEnded(): ElectionAction[] {
    if (this.#session === 'none') return [];
    this.#forgetSession();
    const ending = this.#endReign();
    return this.#reign === 'none' ? this.#retry() : ending;
  }

  /** The session goes last: until then nobody else begins. */
  #reignEnded(): ElectionAction[] {
    if (this.#reign !== 'ending') return [];
    this.#reign = 'none';
    return [...this.#closeSession(), ...this.#retry()];
  }

  #closeSession(): ElectionAction[] {
    if (this.#session === 'none') return [];
    this.#forgetSession();
    return [{ type: 'closeSession' }];
  }

  #forgetSession(): void {
    this.#session = 'none';
    this.#name = null;
    this.#first = null;
  }

  #retry(): ElectionAction[] {
    return this.#stopped ? [] : [{ type: 'retryIn', ms: retryMs }];
  }
}
