import type { Member } from './options.js';

/** What all errors of this library have in common: the message names the cause, `remedy` what to do about it. */
export abstract class ReplicaError extends Error {
  readonly remedy: string;

  constructor(problem: string, remedy: string, cause?: unknown) {
    super(`${problem}. ${remedy}.`, { cause });
    this.name = new.target.name;
    this.remedy = remedy;
  }
}

/** An argument is wrong; `field` is its path, such as `peers[1].host`. */
export class ArgumentError extends ReplicaError {
  readonly field: string;

  constructor(field: string, problem: string, remedy: string) {
    super(`${field} ${problem}`, remedy);
    this.field = field;
  }
}

/** The compiled part of this installation is missing or does not fit this Node. */
export class NativeMissingError extends ReplicaError {
  constructor(path: string, cause: unknown) {
    const reason = cause instanceof Error ? (cause.message.split('\n')[0] as string) : String(cause);
    super(`cannot load ${path}: ${reason}`, 'Build it with "npm run build"', cause);
  }
}

/** The member could not be started: a port or a member number is taken, or memory cannot be mapped. */
export class StartError extends ReplicaError {
  constructor(cause: unknown) {
    super((cause as Error).message, 'Nothing was left running', cause);
  }
}

/** This member does not lead; the entry was not proposed. `leader` is null while none is known. */
export class NotLeaderError extends ReplicaError {
  readonly leader: Member | null;

  constructor(leader: Member | null) {
    const where = leader
      ? `member ${leader.number} at ${leader.host} does (service port ${leader.servicePort})`
      : 'no leader is known';
    super(`this member does not lead; ${where}`, leader ? 'Propose there' : 'Try again in a moment');
    this.leader = leader;
  }
}

/** Leadership was lost between proposal and decision: the entry may be decided or not. */
export class OutcomeUnknownError extends ReplicaError {
  constructor() {
    super(
      'leadership was lost before the entry was decided: outcome unknown',
      'See whether it is delivered before proposing it again',
    );
  }
}

/** Too many proposals, or too many bytes of them, wait for their decision; this one was not proposed. */
export class QueueFullError extends ReplicaError {
  constructor() {
    super('too many proposals wait for their decision', 'Await room() first');
  }
}

/** The proposal's signal was aborted; `cause` is its reason. */
export class AbortError extends ReplicaError {
  /** `unknown`: it had been handed to the group already and may be decided or not. */
  readonly outcome: 'notProposed' | 'unknown';

  constructor(outcome: 'notProposed' | 'unknown', reason: unknown) {
    if (outcome === 'notProposed')
      super('the proposal was aborted and not proposed', 'Propose it again if wanted', reason);
    else
      super(
        'the proposal was aborted after it had been handed to the group: outcome unknown',
        'See whether it is delivered before proposing it again',
        reason,
      );
    this.outcome = outcome;
  }
}

/** The replica is closed or closing; nothing was proposed. */
export class ClosedError extends ReplicaError {
  constructor() {
    super('this replica is closed', 'Open a new member');
  }
}
