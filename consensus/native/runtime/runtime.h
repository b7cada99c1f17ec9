// What the consensus core offers to whoever feeds a replicated program: the interposer and the Node addon.
//
// One `Runtime` is one member of one replica group in this process. It owns the registered memory (rings, claims,
// status), the transports, the journal and one service thread (detection, election, inbound operations, catch-up).
// The *turn thread* is the caller's: the only thread that applies entries and, on the leader, the only one that proposes.
//
// A turn thread's life:
//
//   for (;;) switch (runtime->wait(&entry, timeoutNs)) {
//     case Wake::entry: execute(entry); runtime->applied(entry.index, outputHash, clockCalls); break;
//     case Wake::lead:  while (runtime->leading()) { fill(runtime->reserve(n)); index = runtime->propose(used); ... } break;
//     ...
//   }
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runtime/metrics.h"

namespace gaia {

using Index = std::uint64_t;   // position in the group's log; the first entry has index 1
using Ballot = std::uint64_t;  // term << 24 | member number << 4 | slot; never reused (rule N1)

constexpr std::size_t slotsMax = 9;
constexpr std::size_t entryBytesMax = 2u << 20;

// A member is one life of one replica. `slot` is its stable place in the group (0..8), `number` is never used again in
// this group: a replica that lost its memory comes back with a higher number (rule R1).
struct Member {
  std::uint8_t slot = 0;
  std::uint32_t number = 0;
  std::string host;
  std::uint16_t consensusPort = 0;
  std::uint16_t servicePort = 0;
};

// The order of preference of `automatic`, per pair of members: shm on one host, then verbs (RDMA), then tcp.
enum class TransportChoice : std::uint8_t { automatic, shm, verbs, tcp };

// When an entry counts as accepted by a member: once it lies in its memory, or once it has been synchronised to its disk.
// All members of a group have the same.
enum class Durability : std::uint8_t { memory, disk };

enum class Snapshots : std::uint8_t {
  none,
  own,     // a state can be taken between any two entries and replaced at any time: Wake::snapshot, Wake::restore
  ordered  // the log says which member takes one at which entry (durability `disk`: all do): only a leader is asked, by
           // snapshotDue(), and a program starts with what EarlyFetch or a former life has left in its directory; afterwards
           // a state cannot be replaced
};

struct ReplicaOptions {
  std::string group;                       // unique name of the group and its generation
  std::array<std::uint8_t, 32> secret{};   // authenticates every connection between members
  Member self;
  std::vector<Member> peers;               // founding: the other founders; joining: members known to be alive
  bool join = false;                       // false: this member is one of the founders (configuration 0 = self + peers)
  TransportChoice transport = TransportChoice::automatic;
  Durability durability = Durability::memory;
  // Applied entries are kept here, so that others can join by replay. With durability `disk` it is all this member is: a
  // member that starts with the directory of a former life goes on as the same member. A member whose directory was lost
  // must never start again under its number (R1).
  std::string journalDirectory;
  std::uint64_t journalBytesMax = 8ull << 30;
  std::uint64_t suspicionMs = 400;         // a leader whose heartbeat stands still this long is suspected
  std::uint64_t reluctanceMs = 0;          // so much later than others this member stands for election
  std::size_t ringBytes = 16u << 20;       // of each ring (one per possible writer); a power of two
  Snapshots snapshots = Snapshots::none;
  std::uint64_t snapshotLogBytes = 256u << 20;  // a snapshot is due when the log has grown so much since the newest
};

// The state that a snapshot is made of, written from the first byte to the last; any one thread. Thrown away when it is
// destroyed before finish(). It must not outlive its Runtime.
class SnapshotWriter {
 public:
  virtual ~SnapshotWriter() = default;
  virtual Index index() const = 0;                          // the state is that after this entry
  virtual bool write(std::span<const std::byte> bytes) = 0;  // false: given up, see Status::snapshotError
  virtual bool finish() = 0;                                 // false: likewise
  virtual void abandon(const std::string& cause) = 0;        // there will be no snapshot; the cause is told
};

class SnapshotReader {
 public:
  virtual ~SnapshotReader() = default;
  virtual Index index() const = 0;
  virtual const std::string& provider() const = 0;
  virtual std::uint64_t bytes() const = 0;
  virtual std::ptrdiff_t read(std::span<std::byte> into) = 0;  // 0: the end; -1: damaged on the disk
};

enum class EntryKind : std::uint8_t { turn = 1, configuration = 2, noop = 3 };

struct Entry {
  Index index = 0;
  Ballot ballot = 0;
  EntryKind kind = EntryKind::turn;
  std::span<const std::byte> payload;      // valid until applied(index)
};

enum class Role : std::uint8_t { learner, follower, candidate, leader };

struct PeerStatus {
  Member member;
  bool connected = false;
  const char* transport = "none";          // "shm", "verbs", "tcp"
  std::string transportReason;             // why not a better one; unconnected, what ended the last connection
  Index applied = 0;
  bool heard = false;                      // its heartbeat has moved of late; connections outlive hosts that are gone without a word
  std::uint64_t heardNs = 0;               // when it moved last (CLOCK_MONOTONIC); 0: never
};

// A snapshot on its way to this member.
struct Joining {
  std::uint32_t provider = 0;  // member number; 0: none has one yet
  std::uint64_t bytesDone = 0, bytesTotal = 0;
};

// What differed. Bytes as they go on from the first one that is another, some of them.
struct OutputDifference {
  std::optional<std::uint64_t> connection;  // none: the bytes are equal or not kept, the hash or the clock calls differ
  std::uint64_t fromByte = 0;              // of what the entry made the program say to that connection
  std::vector<std::byte> here;
  std::optional<std::vector<std::byte>> there;  // none: unknown
  std::uint32_t clockCallsHere = 0, clockCallsThere = 0;
};

// The first position at which this replica's execution differed from another's (rule: same inputs, same outputs).
struct Divergence {
  Index index = 0;
  std::uint32_t otherMember = 0;
  std::optional<OutputDifference> difference{};  // none: no longer kept; it may have begun before `index`
};

struct DiskStatus {
  Index persisted = 0;                     // the newest entry on this member's disk, decided or not
  Index recovered = 0;                     // entries taken from the directory at the start; wait() hands them out first
  std::uint64_t syncs = 0;                 // of the log, each for all that had arrived (group commit)
  std::uint64_t bytes = 0;                 // written by them
  std::uint64_t syncNs = 0;                // spent in them
  std::string error;                       // this member does not count while it is set; cause and remedy
  bool ended = false;                      // nor will it ever again: wait() returns stopped
};

struct Status {
  Role role = Role::follower;
  std::uint64_t term = 0;
  std::uint32_t leader = 0;                // member number; 0 = unknown
  Index applied = 0;
  Index committed = 0;                     // as far as this member knows
  Index configurationIndex = 0;
  std::vector<Member> configuration;       // as applied here
  std::vector<PeerStatus> peers;
  bool diverged = false;
  Divergence divergence;
  std::string journalError;                // empty while others can join by replay
  Durability durability = Durability::memory;
  DiskStatus disk;                         // with durability `disk`
  Index journalFrom = 0, journalTo = 0;    // entries that others can replay from this member's journal
  Index snapshotIndex = 0;                 // of the snapshot this member keeps; 0: none
  std::string snapshotError;               // why the last one could not be taken or fetched
  std::optional<Joining> joining;
  bool stranded = false;                   // lacks entries that nobody keeps any more, and cannot take a snapshot instead
};

enum class Wake : std::uint8_t { entry, lead, snapshot, restore, timeout, stopped };

class RecentOutput;

class Runtime {
 public:
  // Binds, maps, starts the service thread. Returns null and fills `error` with cause and remedy when it cannot.
  static std::unique_ptr<Runtime> start(const ReplicaOptions& options, std::string* error);
  virtual ~Runtime() = default;

  // --- turn thread only -------------------------------------------------------------------------------------
  // Follower: the next committed entry of kind turn (others are handled inside), or leadership, whichever is first.
  // `lead` is returned only when everything the new leader adopted has been applied. Negative timeout: for ever.
  virtual Wake wait(Entry* entry, std::int64_t timeoutNs) = 0;

  // The entry has been executed; its bytes may be reused. `outputHash` and `clockCalls` are compared between members.
  // Called for entries from wait() and for the leader's own entries, in index order.
  virtual void applied(Index index, std::uint64_t outputHash, std::uint32_t clockCalls) = 0;

  // What the program puts out while it executes an entry goes there, too, so that a difference can be shown. Its memory is
  // not there in processes that are forked.
  virtual RecentOutput& recentOutput() = 0;

  // Leader: contiguous room for one entry inside the own ring, filled in place; at most entryBytesMax.
  virtual std::span<std::byte> reserve(std::size_t bytesMax) = 0;
  // Adds the first `bytes` of the reserved room to the log without waiting. 0: no longer leading, nothing was added.
  virtual Index append(std::size_t bytes) = 0;
  // Publishes what was appended and waits until all of it is committed. False: leadership was lost, outcome unknown.
  virtual bool commit() = 0;
  // As commit(), but looks for the answers for a moment only. False: not decided yet, commit() has to follow.
  virtual bool commitAtOnce() = 0;
  // Has followers apply what is committed now; else the next entry tells them so, or the next tick.
  virtual void announce() = 0;
  Index propose(std::size_t bytes) {
    const Index index = append(bytes);
    return index != 0 && commit() ? index : 0;
  }
  // Snapshots, between two entries. wait() returns `snapshot` when one is due here, and a leader asks snapshotDue(),
  // which makes wakeFd readable: takeSnapshot() begins one of the state after everything applied so far, null when the
  // disk refuses; its bytes may be written meanwhile or later, by another thread. `provider`: who can read them, at most
  // 15 bytes.
  virtual bool snapshotDue() const = 0;    // one relaxed atomic load
  virtual std::unique_ptr<SnapshotWriter> takeSnapshot(const std::string& provider) = 0;
  // Snapshots::ordered: the leader has told `taker` to take one; none is due again until it is there, its taker is gone or
  // a minute has passed. 0: there will be none.
  virtual void snapshotOrdered(std::uint32_t taker) = 0;
  // wait() returns `restore` when a snapshot has come in place of entries that nobody keeps any more: make its state the
  // program's, then call restored(); with false when it cannot be read or used: another one is fetched then.
  virtual std::unique_ptr<SnapshotReader> snapshotToRestore() = 0;
  virtual void restored(bool usable) = 0;
  // Runs what only the turn thread may do (membership changes, hand-over). Call it when wakeFd is readable.
  virtual void housekeep() = 0;

  // --- any thread -------------------------------------------------------------------------------------------
  virtual bool leading() const = 0;        // one relaxed atomic load
  virtual void look() = 0;                 // follower: entries may have arrived; over shared memory nothing else wakes wait()
  virtual int wakeFd() const = 0;          // eventfd, readable when a sleeping leader must call housekeep() or stop leading
  virtual int statusFd() const = 0;        // eventfd, readable when status() changed in a way an operator would care about
  virtual Status status() const = 0;
  virtual Metrics metrics() const = 0;
  // Leader only, asynchronous, see status().configuration. Not done while those that would remain include no majority that is heard of.
  virtual void removeMember(std::uint8_t slot, std::uint32_t number) = 0;
  virtual void transferLeadership(std::uint32_t number) = 0;               // leader only, best effort
  virtual void stop() = 0;                 // hands leadership over if it can, then wait() returns stopped
  // Real descriptors of this runtime live at or above this number, so that the program's own numbering is undisturbed.
  static void setDescriptorFloor(int lowest);
};

}  // namespace gaia
