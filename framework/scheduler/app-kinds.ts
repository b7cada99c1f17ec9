/** Kinds of apps that steps ask for again and again: each is known without looking at all apps. */
import { priorityOf } from './demand.js';
import type { AppRecord } from './records.js';

/** Some task of it may have any, of whatever version. */
export const hasChecks = ({ active, spec, versions }: AppRecord): boolean =>
  [active, spec, ...versions].some(({ healthChecks, readinessChecks }) => healthChecks ?? readinessChecks);

const rules = {
  checked: hasChecks,
  /** It may be given what its owner may take back. */
  revocable: ({ active, spec }: AppRecord) => active.revocable === true || spec.revocable === true,
  /** Others may have to leave for it. */
  urgent: ({ active }: AppRecord) => priorityOf(active) > 0,
  preempted: ({ preemptedBy }: AppRecord) => Boolean(preemptedBy),
};

export type Kind = keyof typeof rules;

const kinds = Object.keys(rules) as Kind[];

export class AppKinds {
  readonly #ids: Record<Kind, Set<string>> = {
    checked: new Set(),
    revocable: new Set(),
    urgent: new Set(),
    preempted: new Set(),
  };

  note(app: AppRecord): void {
    for (const kind of kinds) {
      if (rules[kind](app)) this.#ids[kind].add(app.id);
      else this.#ids[kind].delete(app.id);
    }
  }

  forget(appId: string): void {
    for (const kind of kinds) this.#ids[kind].delete(appId);
  }

  idsOf(kind: Kind): ReadonlySet<string> {
    return this.#ids[kind];
  }
}
