import type { FastifyRequest } from 'fastify';
import _ from 'lodash';
import type { AppView, Command, DeploymentView, FrameworkService, FrameworkView } from '../service.js';
import { changeTold } from './audit.js';
import { ApiError, refused } from './errors.js';
import { authorise } from './permissions.js';

export interface Accepted {
  version: string;
  deploymentId: string | null;
  /** Of a dry run. */
  steps?: DeploymentView['steps'];
}

/** What to ask of the framework, and what the answer to the client needs of the decision. */
export interface Decision<T> {
  command: Command;
  result: T;
}

export type Decide<T> = (view: FrameworkView, version: string) => Decision<T>;

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

  /** `decide` may throw an ApiError, and so does a change that is not its user's to make: then nothing changes. Resolves when it is durable. */
  async submit<T>(request: FastifyRequest, decide: Decide<T>): Promise<{ judged: T; accepted: Accepted }> {
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
    const turn = this.tail.then(() => this.run(request, decide));
    this.tail = turn.catch(() => undefined);
    return turn.finally(() => {
      this.waiting -= 1;
    });
  }

  private async run<T>(request: FastifyRequest, decide: Decide<T>): Promise<{ judged: T; accepted: Accepted }> {
    const view = this.service.view();
    const decision = decide(view, this.nextVersion(view));
    request.change = changeTold(decision.command);
    authorise(request.user, decision.command, view);
    const result = await this.service.command(decision.command);
    if (!result.ok) throw refused(result);
    return { judged: decision.result, accepted: _.pick(result, ['version', 'deploymentId', 'steps']) };
  }

  /** Versions are times; two changes in one millisecond, or a clock set back, must not give the same one twice. */
  nextVersion(view: FrameworkView): string {
    const known = [...view.apps.map(({ spec }) => spec), ...view.appGroups, ...view.treeChanges.slice(0, 1)];
    const versions = known.map(({ version }) => Date.parse(version)).filter(Number.isFinite);
    const newestMs = versions.reduce((a, b) => Math.max(a, b), this.lastVersionMs);
    this.lastVersionMs = Math.max(this.now(), newestMs + 1);
    return new Date(this.lastVersionMs).toISOString();
  }
}

/** RFC 9110 section 13.1.1, with the version as strong entity tag. */
export function requireMatch(ifMatch: string | undefined, app: AppView | undefined): void {
  requireVersion(ifMatch, app?.spec.version ?? null);
}

/** `version` null: there is no such app or group. */
export function requireVersion(ifMatch: string | undefined, version: string | null): void {
  if (ifMatch === undefined) return;
  const current = version === null ? null : etag(version);
  const tags = ifMatch.split(',').map((tag) => tag.trim());
  if (current !== null && (tags.includes('*') || tags.includes(current))) return;
  const what = current === null ? 'there is nothing yet' : `the current version is ${current}`;
  throw new ApiError(412, `If-Match ${ifMatch} does not hold: ${what}`, 'Read it again and repeat the change.');
}

export function etag(version: string): string {
  return `"${version}"`;
}
