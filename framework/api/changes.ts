import type { AppView, Command, FrameworkService, FrameworkView } from '../service.js';
import { ApiError, refused } from './errors.js';

export interface Accepted {
  version: string;
  deploymentId: string | null;
}

/** What to ask of the framework, and what the answer to the client needs of the decision. */
export interface Decision<T> {
  command: Command;
  result: T;
}

type Decide<T> = (view: FrameworkView, version: string) => Decision<T>;

const CHANGES_WAITING_MAX = 256;

/**
 * Runs changes one after another, each decided on the picture that the one before it left. Without this, two
 * requests with the same `If-Match` could both pass, and of two partial updates one could be lost.
 */
export class Changes {
  private tail: Promise<unknown> = Promise.resolve();
  private waiting = 0;
  private lastVersionMs = 0;

  constructor(
    private readonly service: FrameworkService,
    private readonly now: () => number,
  ) {}

  /** `decide` may throw an ApiError: then nothing changes. Resolves when the change is durable. */
  async submit<T>(decide: Decide<T>): Promise<{ judged: T; accepted: Accepted }> {
    if (this.waiting >= CHANGES_WAITING_MAX) {
      throw new ApiError(
        503,
        'Too many changes are waiting',
        'Repeat the request in a second.',
        {},
        { 'Retry-After': '1' },
      );
    }
    this.waiting += 1;
    const turn = this.tail.then(() => this.run(decide));
    this.tail = turn.catch(() => undefined);
    return turn.finally(() => {
      this.waiting -= 1;
    });
  }

  private async run<T>(decide: Decide<T>): Promise<{ judged: T; accepted: Accepted }> {
    const view = this.service.view();
    const decision = decide(view, this.nextVersion(view));
    const result = await this.service.command(decision.command);
    if (!result.ok) throw refused(result);
    return { judged: decision.result, accepted: { version: result.version, deploymentId: result.deploymentId } };
  }

  /** Versions are times; two changes in one millisecond, or a clock set back, must not give the same one twice. */
  nextVersion(view: FrameworkView): string {
    const versions = view.apps.map((app) => Date.parse(app.spec.version)).filter(Number.isFinite);
    const newestMs = versions.reduce((a, b) => Math.max(a, b), this.lastVersionMs);
    this.lastVersionMs = Math.max(this.now(), newestMs + 1);
    return new Date(this.lastVersionMs).toISOString();
  }
}

/** RFC 9110 section 13.1.1, with the version as strong entity tag. */
export function requireMatch(ifMatch: string | undefined, app: AppView | undefined): void {
  if (ifMatch === undefined) return;
  const current = app === undefined ? null : etag(app.spec.version);
  const tags = ifMatch.split(',').map((tag) => tag.trim());
  if (current !== null && (tags.includes('*') || tags.includes(current))) return;
  const what = current === null ? 'there is no such app' : `the current version is ${current}`;
  throw new ApiError(412, `If-Match ${ifMatch} does not hold: ${what}`, 'Read the app again and repeat the change.');
}

export function etag(version: string): string {
  return `"${version}"`;
}
