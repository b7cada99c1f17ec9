/** Every rule that can be left out, and who must notice: simulated lives, a simulated day, or a model (test/model/catalogue.ts). */
import type { CoreOptions } from '../day/core.js';
import { cutsDay } from '../day/short.js';

export interface Mutant {
  rule: string;
  what: string;
  /** Its name in consensus/native/core/mutant.h; null: shown by the model alone. */
  name: string | null;
  /** Its name in test/model; null: shown by simulated lives alone. */
  model: string | null;
  /** The day that must notice, where lives cannot: they end all cuts before they ask for progress. */
  day?: CoreOptions;
}

const mutant = (rule: string, what: string, name: string | null, model: string | null): Mutant => ({
  rule,
  what,
  name,
  model,
});

export const mutants: Mutant[] = [
  mutant('N2', 'one claim word for all candidates', 'sharedPromise', 'SHARED_PROMISE'),
  mutant('N2', 'a claim is written in two halves', 'tornClaim', null),
  mutant('N3', 'a closed channel lands after the next was accepted', 'lateDuplicate', 'LATE_DUPLICATE'),
  mutant('N3', "channels of a slot's former member stay open", 'predecessorWrites', null),
  mutant('W1', 'the claims are not looked at', 'noPromiseCheck', 'NO_PROMISE_CHECK'),
  mutant('W1', 'a read overtakes the writes before it', 'readBeforeWrite', 'READ_BEFORE_WRITE'),
  mutant('W1', 'what has been sent counts, placed or not', 'ackSkipped', null),
  mutant('W1', 'one ring for all writers', 'sharedRing', 'SHARED_RING'),
  mutant('W3', 'a leader does not look at its own claims', null, 'OWN_UNCHECKED'),
  mutant('W3', 'own check before the own store is visible', null, 'CHECK_BEFORE_STORE'),
  mutant('W3', "no fence between a leader's store and its check", null, 'NO_LEADER_FENCE'),
  mutant('W4', 'records rewritten in place', null, 'IN_PLACE'),
  mutant('W5', 'clients are answered before a majority has it', 'replyBeforeCommit', null),
  mutant('W5', 'copies under older ballots count', 'oldCopiesCount', 'OLD_COPIES_COUNT'),
  mutant('W5', 'the same ballot at a majority is taken as committed', null, 'SAME_BALLOT_IS_COMMITTED'),
  mutant('C1', 'rings are read before the claim is raised', 'scanBeforeClaim', 'READ_BEFORE_RAISE'),
  mutant('C1', "no fence between a candidate's claim and its read", null, 'NO_CANDIDATE_FENCE'),
  mutant('C2', "only the previous leader's ring is read", null, 'ONLY_PREVIOUS_RING'),
  mutant('C2', 'one member of the majority is not read', 'minorityScanned', 'MINORITY_SCANNED'),
  mutant('C2', 'rings that moved meanwhile are not read again', null, 'NO_VERIFY'),
  mutant('C3', 'what others have applied is not asked', 'appliedIgnored', 'APPLIED_IGNORED'),
  mutant('C4', 'the lowest ballot is adopted', 'lowestAdopted', 'LOWEST_ADOPTED'),
  mutant('C4', 'entries need not chain', 'noChain', 'NO_CHAIN'),
  mutant('A1', 'a statement covers records of older ballots', 'olderBallotApplied', 'OLDER_BALLOT_APPLIED'),
  mutant('A1', 'a follower applies an entry twice', 'appliedTwice', null),
  mutant('A1', 'any local record is applied', 'anyLocalApplied', 'HIGHEST_LOCAL_APPLIED'),
  mutant('A1', 'a torn commit statement is believed', null, 'TORN_STATEMENT'),
  mutant('A1', 'a commit is told with the next entry only', 'newsWithheld', null),
  mutant('G1', 'room is taken as soon as entries are committed', 'recycledWhenCommitted', 'RECYCLED_WHEN_COMMITTED'),
  mutant('G1', 'an anchor passes what is not applied', 'anchorUnapplied', 'ANCHOR_EARLY'),
  mutant('G1', 'a new writer anchors before the slot was given away there', 'anchorEarly', null),
  mutant('G1', 'an anchor that went down with its channel is not written again', 'anchorLost', null),
  mutant('D1', 'the promise is not persisted', 'promiseUnkept', 'PROMISE_NOT_PERSISTED'),
  mutant('D1', 'a member is read before its disk has the claim', 'scanBeforeDisk', 'PROMISE_NOT_PERSISTED'),
  mutant('D1', 'a claim goes out before the own disk has it', 'claimBeforeDisk', null),
  mutant('D1', "the place on a disk names no writer's ring", 'placeUnnamed', 'INDEX_WITHOUT_BALLOT'),
  mutant('D1', "what lies in a member's memory counts", 'unkeptCounts', null),
  mutant('D1', 'what lies in the own memory counts', 'ownUnkeptCounts', null),
  mutant('D1', 'room is taken before the disk has what lay there', 'cursorUnkept', null),
  mutant('D1', "a life's positions begin where the former one's seem to end", 'positionsRepeat', null),
  mutant('D1', "what a writer's former life left is dropped", 'formerLifeLost', null),
  mutant('D1', 'what lies aside is not read', 'asideUnread', null),
  mutant('R1', 'memory lost, same identity', 'sameIdentity', 'SAME_IDENTITY_WITHOUT_MEMORY'),
  mutant('', "a journal is shortened where the member's own snapshot does not reach", 'droppedUncovered', null),
  mutant('', 'a snapshot that was taken replaces a newer one that was fetched meanwhile', 'olderKept', null),
  mutant('', 'pieces of two snapshots make up one', 'piecesMixed', null),
  mutant('M1', 'no second phase 1 under a new configuration', 'noSecondPhase1', 'NO_SECOND_PHASE_1'),
  mutant('M1', 'a stale configuration is kept', null, 'STALE_CONFIGURATION'),
  { ...mutant('', 'a member claims although no majority answers it', 'unheardClaims', null), day: cutsDay },
];
