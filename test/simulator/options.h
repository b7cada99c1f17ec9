// What one life is like. Every life draws its own mixture (a swarm), so that rare combinations come up among
// many.
#pragma once
#include <optional>

#include "core/core.h"
#include "random.h"

namespace gaia::sim {

constexpr std::uint64_t nsPerUs = 1'000;
constexpr std::uint64_t nsPerMs = 1'000'000;

enum class Fault : std::uint8_t {
  pause,         // a member stands still, its memory goes on answering or not
  pauseLeader,   // long enough that a successor has written before it wakes up
  breakChannel,  // one connection ends in the middle of its operations
  isolate,       // one member, or one of its two directions, is cut off
  split,         // the members fall into two halves
  heal,          // all cuts end
  crash,         // memory and process are gone; a new member takes the slot
  jumpClock,     // one member's clock jumps ahead
  restart,       // disk: some processes are killed, or lose power, and come back with what their disks have
  powerLoss,     // disk: the same for all at once
  slowDisk,      // disk: one member's synchronisations take long for a while
};
constexpr std::size_t faultKinds = 11;

struct LifeOptions {
  std::size_t members = 3;
  std::size_t ringBytes = 8u << 10;
  CoreTimings timings;
  std::uint64_t tickNs = 2 * nsPerMs;

  // Network: most operations take up to delayNs, one in tailOneIn up to tailNs.
  std::uint64_t delayNs = 100 * nsPerUs;
  std::uint64_t tailOneIn = 50;
  std::uint64_t tailNs = 5 * nsPerMs;
  std::uint64_t tornOneIn = 20;    // operations that are executed in two parts with time between them
  std::uint64_t byOwnerOneIn = 2;  // channels whose operations need the owner's processor (as over TCP)

  // Load
  std::uint64_t thinkNs = 300 * nsPerUs;  // between two batches of the leader
  std::uint64_t batchMax = 3;             // entries
  std::uint64_t payloadBytesMax = 300;
  std::uint64_t slowOneIn = 100;  // entries whose execution takes up to slowNs
  std::uint64_t slowNs = 5 * nsPerMs;

  // Disk
  Durability durability = Durability::memory;
  std::uint64_t syncNs = 200 * nsPerUs;  // a synchronisation takes up to this
  std::uint64_t slowSyncOneIn = 50;      // of them take up to
  std::uint64_t slowSyncNs = 5 * nsPerMs;
  std::uint64_t journalSyncOneIn = 20;  // after which the journal is synchronised, too
  std::uint64_t fullOneIn = 0;          // that find the disk full
  std::uint64_t outageOneIn = 0;        // acknowledgements at whose moment all lose power
  std::uint64_t failedOneIn = 0;        // that fail

  // Snapshots
  bool snapshots = false;
  std::uint64_t snapshotLogBytes = 8u << 10;  // of entries, after which the next one is taken
  std::uint64_t journalBytes = 32u << 10;     // from here on nobody waits for laggards
  std::uint64_t stateBytes = 8;
  std::uint64_t spoiledOneIn = 0;  // pieces that are damaged or cannot be kept; states that cannot be used

  // Faults
  std::uint64_t faultyNs = 400 * nsPerMs;
  std::uint64_t faultEveryNs = 10 * nsPerMs;
  std::array<std::uint64_t, faultKinds> weight{};  // 0: this life has none of these
  std::uint64_t strikeOneIn =
      3;  // new leaders and proposers of configurations that something happens to at once
  std::uint64_t changeEveryNs = 40 * nsPerMs;  // what the operator of the group does; 0: only replacements
  std::uint64_t changeOneIn = 1;               // looks of the operator that change what is well
  bool resizes = true;                         // so that there are more members then, or fewer
  bool oneAtATime = false;                     // nothing is done to a group that is not whole
  std::uint64_t healWithinNs = 0;              // cuts and slow disks end by themselves; 0: cuts do not
  std::uint64_t strandedNs = 100 * nsPerMs;    // a joiner without acquaintances is given up
  std::uint64_t quietNs = 300 * nsPerMs;       // until all have applied what is committed; half of 3,700 lives took 2 ms,
                                               // one in a thousand 54 ms, the longest 96 ms
  std::uint64_t recoveryNs = 5'000 * nsPerMs;  // to recover in once faults have stopped
  std::uint64_t readerNs = 40 * nsPerMs;       // as readers.h has them
  std::uint64_t rankNs = 10 * nsPerMs;

  // Clients that ask at a pace of their own; without: a leader proposes whatever it likes
  std::optional<std::uint64_t> requestEveryNs;  // 0: as fast as they are answered
  std::uint64_t answerWithinNs = 0;
  std::uint64_t lookEveryNs = 0;  // at all that can be checked at any time, and forgotten; 0: never

  // So little load that a joiner, which pulls once a tick, stays within half a ring of the leader.
  std::uint64_t calmThinkNs() const;
  // Draws everything; `members` 0: also the size of the group.
  static LifeOptions draw(Random& random, std::size_t members);
};

}  // namespace gaia::sim
