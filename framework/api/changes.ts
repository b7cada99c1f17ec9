import type { FastifyRequest } from 'fastify';
import _ from 'lodash';
import { groupVersionsOf } from '../app-groups.js';
import type { Command, DeploymentView, FrameworkService, FrameworkView } from '../service.js';
import { changeTold } from './audit.js';
import { findApp } from './context.js';
import { ApiError, refused } from './errors.js';
import { authorise } from './permissions.js';
import { flag } from './query.js';

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
    requireMatch(request, decision.command, view);
    refuseDryRun(request, decision.command);
    const result = await this.service.command(decision.command);
    if (!result.ok) throw refused(result, subjectOf(decision.command, view));
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

/** RFC 9110 section 13.1.1, with the version of what the change is about as strong entity tag. */
function requireMatch({ headers }: FastifyRequest, command: Command, view: FrameworkView): void {
  const ifMatch = headers['if-match'];
  if (ifMatch === undefined) return;
  const id = subjectOf(command, view);
  if (id === null) {
    const remedy = 'Versions are those of one app or app group: change one at a time, or leave If-Match out.';
    throw new ApiError(412, `If-Match ${ifMatch} does not hold: what this changes has no version`, remedy);
  }
  requireVersion(ifMatch, findApp(view, id)?.spec.version ?? groupVersionsOf(view).get(id) ?? null);
}

/** The app or group that a change is about; null: several, or something else. */
function subjectOf(command: Command, { apps }: FrameworkView): string | null {
  const only = (ids: string[]) => (new Set(ids).size === 1 ? (ids[0] as string) : null);
  switch (command.type) {
    case 'putApps':
      return only(command.specs.map(({ id }) => id));
    case 'changeTree':
      return command.groupId;
    case 'killTasks': {
      const owners = apps.filter(({ tasks }) => tasks.some(({ id }) => command.taskIds.includes(id)));
      return only(owners.map(({ spec }) => spec.id));
    }
    case 'cancelDeployment':
    case 'drain':
    case 'rebalance':
      return null;
    default:
      return command.appId;
  }
}

/** Whoever asks for a dry run wants nothing to be changed. */
function refuseDryRun(request: FastifyRequest, command: Command): void {
  if (!flag(request, 'dryRun') || ('dryRun' in command && command.dryRun)) return;
  throw new ApiError(400, 'There is no dry run of this', 'Leave dryRun out; nothing has been changed.');
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
