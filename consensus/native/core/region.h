// The registered memory of one member: what others may read and, within `writableBy`, write.
//
//   0     Control     claims, one per candidate slot (N2), and the status line: one READ gets both (W1)
//   256   RingHead    one per writer slot
//   1024  Mailbox     one per slot, written by a member that wants to join there
//   2304  Directory   the configuration as applied here, for those who join
//   4096  rings       one per writer slot (W1), `ringBytes` each; a byte-exact mirror of the writer's own ring
//   then  aside       with durability `disk`: what former lives left undecided (aside.h), written by the owner alone
//   then  output      what its program has put out of late (recent_output.h), written by the owner alone
#pragma once
#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <span>

#include "core/ballot.h"
#include "core/mutant.h"

namespace gaia {

using Position = std::uint64_t;  // bytes ever written to a ring; position / ringBytes is the lap

// One 8-byte aligned word shared with other processors: loads and stores never tear (N2).
inline std::uint64_t loadWord(const std::uint64_t& word) {
  return std::atomic_ref<std::uint64_t>(const_cast<std::uint64_t&>(word)).load(std::memory_order_acquire);
}
inline void storeWord(std::uint64_t& word, std::uint64_t value) {
  std::atomic_ref<std::uint64_t>(word).store(value, std::memory_order_release);
}

struct Control {
  std::uint64_t claim[slotsMax] = {};
  std::uint64_t applied = 0;
  std::uint64_t heartbeat = 0;    // a counter; the lowest bit says that this member leads or is a candidate
  std::uint64_t digestIndex = 0;  // digest of the outputs up to this index; valid when the check agrees
  std::uint64_t digestChain = 0;
  std::uint64_t digestCheck = 0;
  std::uint64_t handover = 0;     // a leader's ballot, written by that leader: "claim, I have stopped"
  std::uint64_t journaled = 0;    // last index others can replay from this member's journal
  std::uint64_t persistedPromise = 0;  // disk (D1): this promise survives a crash; part of the promise
  std::uint64_t persisted = 0;    // disk (D1): of the ring of the promise's writer everything up to this place is on disk
  std::uint64_t journalFrom = 0;  // the first one; entries before it were dropped
  std::uint64_t snapshotIndex = 0;  // of the snapshot this member keeps; 0: none
  std::uint64_t leaderHeard = 0;  // ballot of the leader this member hears; 0: none. For liveness only
};

// `anchor` and `cursor` are single words (writer's number, position / 64), so that they cannot be torn.
struct RingHead {
  std::uint64_t anchor = 0;        // by the writer: reading starts here, everything before is applied at the owner
  std::uint64_t commitBallot = 0;  // by the writer: "under this ballot everything up to `commit` is decided" (A1)
  std::uint64_t commit = 0;
  std::uint64_t commitCheck = 0;   // of the two: a torn statement is ignored
  std::uint64_t cursor = 0;        // by the owner: its first unapplied record
  std::uint64_t unused[3] = {};
};
static_assert(sizeof(RingHead) == 64);

struct MemberRecord {
  std::uint32_t number = 0;
  std::uint8_t slot = 0;
  std::uint8_t hostLength = 0;
  std::uint16_t consensusPort = 0;
  std::uint16_t servicePort = 0;
  char host[70] = {};
};
static_assert(sizeof(MemberRecord) == 80);

struct Mailbox {
  MemberRecord member;
  std::uint64_t applied = 0;
  std::uint64_t check = 0;
  std::uint64_t unused[4] = {};
};
static_assert(sizeof(Mailbox) == 128);

struct Directory {
  std::uint64_t index = 0;  // of the configuration
  std::uint64_t count = 0;
  std::uint64_t check = 0;
  MemberRecord members[slotsMax];
};

// The head of the area of recent output.
struct OutputHead {
  Position announced = 0;  // no byte from here on has ever been written
  Position ended = 0;      // here the last whole record ends
  std::uint64_t unused[6] = {};
};
static_assert(sizeof(OutputHead) == 64);

constexpr std::size_t asideSlot = slotsMax;  // the ring behind those of the writers

// The first page but for the directory: what a candidate reads before and after its scan of the rings (C2).
constexpr std::size_t ringHeadOffset = 256;
struct Head {
  Control control;
  std::byte reserved[ringHeadOffset - sizeof(Control)];
  RingHead rings[slotsMax + 1];
};
static_assert(sizeof(Head) == 896);

constexpr std::size_t controlOffset = 0;
constexpr std::size_t bellOffset = ringHeadOffset - 8;  // disk: rung by writers that share this memory
static_assert(sizeof(Control) <= bellOffset);
constexpr std::size_t mailboxOffset = 1024;
constexpr std::size_t directoryOffset = 2304;
constexpr std::size_t ringsOffset = 4096;
static_assert(sizeof(Head) <= mailboxOffset);
static_assert(mailboxOffset + slotsMax * sizeof(Mailbox) <= directoryOffset);
static_assert(directoryOffset + sizeof(Directory) <= ringsOffset);

inline std::size_t claimOffset(std::size_t slot) { return mutant(Mutant::sharedPromise) ? 0 : slot * 8; }
inline std::size_t ringIndex(std::size_t slot) { return mutant(Mutant::sharedRing) ? 0 : slot; }
constexpr std::size_t handoverOffset = offsetof(Control, handover);
inline std::size_t anchorOffset(std::size_t slot) { return ringHeadOffset + ringIndex(slot) * sizeof(RingHead); }
inline std::size_t commitOffset(std::size_t slot) { return anchorOffset(slot) + 8; }
inline std::size_t cursorOffset(std::size_t slot) { return anchorOffset(slot) + offsetof(RingHead, cursor); }
constexpr std::size_t mailboxOffsetOf(std::size_t slot) { return mailboxOffset + slot * sizeof(Mailbox); }

// Packs a writer's number (16 bits of it) and a 64-byte aligned position into one word.
constexpr std::uint64_t placeTag(std::uint32_t number) { return number % 0xFFFF + 1; }  // never 0: an unset word is nobody's
constexpr std::uint64_t packPlace(std::uint32_t number, Position position) {
  return placeTag(number) << 48 | position >> 6;
}
constexpr bool placeIsOf(std::uint64_t place, std::uint32_t number) { return place >> 48 == placeTag(number); }
constexpr Position placePosition(std::uint64_t place) { return (place & 0xFFFFFFFFFFFFu) << 6; }

struct CommitStatement {
  std::uint64_t ballot = 0, commit = 0, check = 0;
  static CommitStatement of(Ballot ballot, Index commit) { return {ballot, commit, mix(ballot, commit)}; }
  bool valid() const { return ballot != 0 && check == mix(ballot, commit); }
};

// A member's registered memory, wherever it is mapped.
class Region {
 public:
  Region(std::byte* base, std::size_t ringBytes, Durability durability = Durability::memory)
      : base_(base), ringBytes_(ringBytes), durability_(durability) {}
  // The area aside can hold all rings of a former life.
  static std::size_t bytesFor(std::size_t ringBytes, Durability durability = Durability::memory) {
    return outputOffset(ringBytes, durability) + outputBytes(ringBytes);
  }
  static std::size_t outputBytes(std::size_t ringBytes) { return ringBytes / 16; }
  static std::size_t outputOffset(std::size_t ringBytes, Durability durability) {
    return ringsOffset + (durability == Durability::disk ? 2 : 1) * slotsMax * ringBytes;
  }
  std::size_t ringBytes() const { return ringBytes_; }
  std::size_t ringBytes(std::size_t slot) const { return slot == asideSlot ? slotsMax * ringBytes_ : ringBytes_; }
  std::size_t bytes() const { return bytesFor(ringBytes_, durability_); }
  bool durable() const { return durability_ == Durability::disk; }
  std::byte* base() const { return base_; }
  Control& control() const { return *reinterpret_cast<Control*>(base_ + controlOffset); }
  RingHead& ringHead(std::size_t slot) const { return reinterpret_cast<RingHead*>(base_ + ringHeadOffset)[ringIndex(slot)]; }
  Mailbox& mailbox(std::size_t slot) const { return reinterpret_cast<Mailbox*>(base_ + mailboxOffset)[slot]; }
  Directory& directory() const { return *reinterpret_cast<Directory*>(base_ + directoryOffset); }
  std::size_t ringOffset(std::size_t slot) const { return ringsOffset + ringIndex(slot) * ringBytes_; }
  std::byte* ring(std::size_t slot) const { return base_ + ringOffset(slot); }
  std::size_t outputOffset() const { return outputOffset(ringBytes_, durability_); }
  std::span<std::byte> output() const { return {base_ + outputOffset(), outputBytes(ringBytes_)}; }
  std::atomic<std::uint32_t>& bell() const { return *reinterpret_cast<std::atomic<std::uint32_t>*>(base_ + bellOffset); }

  // With durability `disk`: whether what is written there counts only once it is on the owner's disk.
  static bool mustBeKept(std::size_t offset) { return offset >= ringsOffset || offset < claimOffset(slotsMax); }

  // What the member in `slot` may write: the owner of a tcp region checks every inbound write with it, that of a verbs
  // region registers these parts for that member alone.
  struct Part {
    std::size_t offset = 0, bytes = 0;
    bool contains(std::size_t start, std::size_t length) const {
      return start >= offset && length <= bytes && start - offset <= bytes - length;
    }
  };
  using Parts = std::array<Part, 5>;
  Parts writableParts(std::size_t slot) const {
    return {{{claimOffset(slot), 8},
             {handoverOffset, 8},
             {anchorOffset(slot), 32},
             {mailboxOffsetOf(slot), sizeof(Mailbox)},
             {ringOffset(slot), ringBytes_}}};
  }
  bool writableBy(std::size_t slot, std::size_t offset, std::size_t length) const {
    const Parts parts = writableParts(slot);
    return std::any_of(parts.begin(), parts.end(), [&](const Part& part) { return part.contains(offset, length); });
  }

 private:
  std::byte* base_;
  std::size_t ringBytes_;
  Durability durability_;
};

#ifdef __SANITIZE_THREAD__
// One-sided operations are those of a network card, or of another process that maps the region: ThreadSanitizer sees
// neither, so it does not see this process's either. Rings are read while they are written, and judged by their CRC.
// Single words are atomic and seen.
[[gnu::noinline, gnu::no_sanitize("thread")]] inline void transferBytes(std::byte* to, const std::byte* from,
                                                                        std::size_t length) {
  auto* volatile target = to;
  for (std::size_t i = 0; i < length; i++) target[i] = from[i];
}
#else
inline void transferBytes(std::byte* to, const std::byte* from, std::size_t length) { std::memcpy(to, from, length); }
#endif

// Executes a one-sided write: single words with one store, so that a claim never looks smaller than before (N2).
inline void placeBytes(std::byte* to, const std::byte* from, std::size_t length) {
  if (length == 8 && reinterpret_cast<std::uintptr_t>(to) % 8 == 0) {
    std::uint64_t word;
    std::memcpy(&word, from, 8);
    storeWord(*reinterpret_cast<std::uint64_t*>(to), word);
  } else {
    transferBytes(to, from, length);
  }
}

// Executes a one-sided read after everything that was written before on the same channel (memory model: full fence).
inline void fetchBytes(std::byte* to, const std::byte* from, std::size_t length) {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (length % 8 == 0 && length <= sizeof(Head) && reinterpret_cast<std::uintptr_t>(from) % 8 == 0) {
    for (std::size_t i = 0; i < length; i += 8) {
      const std::uint64_t word = loadWord(*reinterpret_cast<const std::uint64_t*>(from + i));
      std::memcpy(to + i, &word, 8);
    }
  } else {
    transferBytes(to, from, length);
    std::atomic_thread_fence(std::memory_order_acquire);
  }
}

inline Ballot promiseOf(const Control& control) {
  Ballot highest = loadWord(control.persistedPromise);
  for (const std::uint64_t& claim : control.claim) highest = std::max(highest, loadWord(claim));
  return highest;
}

}  // namespace gaia
