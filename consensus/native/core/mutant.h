// Rules that a build for the simulator can leave out, one at a time, to show that a check notices
// (test/simulator/). In every other build there is no such switch, and the conditions vanish.
#pragma once
#include <cstdint>

namespace gaia {

enum class Mutant : std::uint8_t {
  none,
  sharedPromise,          // N2: one claim word for all candidates
  sharedRing,             // W1: one ring for all writers
  noPromiseCheck,         // W1: a leader counts whatever the claims say
  ackSkipped,             // W1: a leader counts what it has sent, whether or not it has been placed
  replyBeforeCommit,      // W5: what a leader has proposed is settled at once
  appliedTwice,           // A1: what a follower has applied is handed out again
  oldCopiesCount,         // W5: copies under older ballots count
  scanBeforeClaim,        // C1: the rings are read before the claim is raised
  minorityScanned,        // C2: one member of the majority is not read
  appliedIgnored,         // C3: what others have applied is not asked
  lowestAdopted,          // C4: the lowest ballot wins
  noChain,                // C4: entries need not follow the one they were built on
  olderBallotApplied,     // A1: a commit statement covers records of older ballots
  anyLocalApplied,        // A1: whatever lies in a ring is applied
  recycledWhenCommitted,  // G1: room is taken before the owner has applied
  anchorEarly,            // G1: a new writer starts where the former one's records are still needed
  anchorUnapplied,        // G1: a writer skips what the owner has not applied
  anchorLost,             // G1: an anchor that went down with its channel is not written again
  noSecondPhase1,         // M1: a leader goes on under a new configuration without asking its members
  claimBeforeDisk,        // D1: a candidate claims before its own disk has the claim
  scanBeforeDisk,         // D1: a candidate reads a member whose disk does not have the claim
  unkeptCounts,           // D1: a leader counts what lies in a member's memory
  ownUnkeptCounts,        // D1: a leader counts what lies in its own memory
  placeUnnamed,           // D1: a place on a disk counts whoever's ring it is in
  cursorUnkept,           // D1: room is taken before the owner's disk has what lay there
  positionsRepeat,        // D1: a life goes on in the ring where what it knows of the former one ends
  formerLifeLost,         // D1: what a writer's former life left is dropped when it returns
  asideUnread,            // D1: a candidate does not read what lies aside
  newsWithheld,           // A1: a commit is told with the next entry only, and nobody asks after it
  piecesMixed,            // snapshots: pieces of two members make up one
  unheardClaims,          // liveness: a member claims although no majority answers it
  // Of the simulated transport, disk and operator:
  readBeforeWrite,    // W1: a read overtakes the writes before it
  lateDuplicate,      // N3: operations of a closed channel land after the next one was accepted
  predecessorWrites,  // N3: channels of a slot's former member stay open
  tornClaim,          // N2: a claim is written in two halves
  sameIdentity,       // R1: a member that lost its memory returns with its old number
  promiseUnkept,      // D1: a disk does not keep promises
  droppedUncovered,   // snapshots: a journal is shortened where the member's own snapshot does not reach
  olderKept,          // snapshots: one that was taken replaces a newer one that was fetched meanwhile
  // Of what is forgotten: no promise of a life is broken without it, and days notice (test/day/).
  strangersKept,  // members that have left stay known
  logsKept,       // a journal is not shortened behind a snapshot
};

#ifdef GAIA_MUTANTS
inline Mutant activeMutant = Mutant::none;  // set once, before any core exists
inline bool mutant(Mutant rule) { return activeMutant == rule; }
#else
constexpr bool mutant(Mutant) { return false; }
#endif

}  // namespace gaia
