/** What the clients of one group have seen. */
import { type Call, check, type Value, type Verdict } from './checker/index.js';
import { objectTypes, type TypeName } from './objects.js';

export type AnyCall = Call<any, Value> & { type: TypeName; object: string };

/** Calls on one object: few enough for a quick judgement, also when many of them have unknown outcomes. */
const callsPerObjectMax = 100;

export class History {
  readonly calls: AnyCall[] = [];
  /** Answers that no operation may have. */
  readonly wrongReplies: string[] = [];
  #fresh = 0;
  readonly #used = new Map<TypeName, number>();

  constructor(
    readonly group: string,
    readonly types: readonly TypeName[],
  ) {}

  /** Which object of that type is used now. */
  object(type: TypeName): string {
    const used = this.#used.get(type) ?? 0;
    this.#used.set(type, used + 1);
    return `${type}-${Math.floor(used / callsPerObjectMax)}`;
  }

  fresh(): string {
    this.#fresh += 1;
    return `f${this.#fresh}`;
  }

  get objects(): { object: string; type: TypeName }[] {
    const found = new Map(this.calls.map(({ object, type }) => [object, type]));
    return [...found].map(([object, type]) => ({ object, type }));
  }

  /** One verdict for each type of objects. */
  judge(): { type: TypeName; calls: number; verdict: Verdict<any, Value> }[] {
    return this.types.map((type) => {
      const calls = this.calls.filter((call) => call.type === type);
      return { type, calls: calls.length, verdict: check(calls, objectTypes[type].model) };
    });
  }
}
