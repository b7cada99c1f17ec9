// What must hold for all members together, checked from outside of the core as it happens.
//
//   one leader per ballot; one content per (ballot, index)
//   every member applies the same entries in index order, each exactly once
//   each entry follows exactly the one it was built on (primary order)
//   every program has the same state after the same entry, whether it executed or restored it
//   what was acknowledged is what is decided, and it is there at the end
//   no byte of a decided entry is overwritten where it is not applied yet (G1)
//
// A long life forgets what can come up no more, so that it can go on without end.
#pragma once
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/record.h"

namespace gaia::sim {

// A record as its writer appended it.
struct Appended {
  Position start = 0;
  Position end = 0;
  Index index = 0;  // 0: padding
  Ballot ballot = 0;
  Ballot origin = 0;
};

std::uint64_t contentOf(EntryKind kind, std::span<const std::byte> payload);

class History {
 public:
  // `life` tells two lives of one member number apart.
  void appended(std::uint32_t life, const Record& record);
  void applied(std::uint32_t number, const Record& record);
  // `state` is what a program has after entry `index`, by execution or from a snapshot.
  void executed(std::uint32_t number, Index index, std::uint64_t state);
  void acknowledged(Index index, std::uint64_t content);
  void overwritten(std::uint32_t owner, Index applied, const Appended& record);
  void end() { settleOverwritten(); }
  // No member will execute an entry below `needed` any more; some may start from a state after one of these.
  void forgetBelow(Index needed, const std::set<Index>& startedFrom);

  Index decided() const { return decided_; }
  Index acknowledgedMax() const { return acknowledgedMax_; }
  std::uint64_t acknowledgements() const { return acknowledgements_; }
  std::size_t remembered() const { return places_.size(); }
  void fail(const std::string& what) {
    if (failure_.empty()) failure_ = what;
  }
  const std::string& failure() const { return failure_; }

 private:
  struct Place {  // of one index
    Ballot origin = 0;
    std::uint64_t content = 0;  // both: what is decided
    std::optional<std::uint64_t> acknowledged;
    std::optional<std::uint64_t> state;                      // after it
    std::vector<std::pair<Ballot, std::uint64_t>> written;  // what was proposed there, by ballot
  };
  struct Overwritten {
    std::uint32_t owner;
    Appended record;
  };
  bool forgotten(Index index) const { return index <= forgotten_; }
  Place& at(Index index);
  Ballot originOf(Index index) { return index == 0 ? 0 : at(index).origin; }
  void settle(std::uint32_t number, const Record& record, std::uint64_t content);
  void checkAcknowledged(Index index);
  void checkOverwritten(const Overwritten& lost);
  void settleOverwritten();
  void compare(std::uint32_t number, Index index, std::optional<std::uint64_t>* known, std::uint64_t state);
  void failForgotten(std::uint32_t number, Index index);

  Index decided_ = 0, forgotten_ = 0;  // all up to these
  std::deque<Place> places_;           // of index i at i - forgotten_ - 1
  Index acknowledgedMax_ = 0;
  std::uint64_t acknowledgements_ = 0;
  std::map<Index, std::optional<std::uint64_t>> states_;  // after forgotten entries
  std::map<Ballot, std::uint32_t> leaders_;  // which life wrote under a ballot
  std::deque<Overwritten> undecided_;        // overwritten before it was known whether it mattered
  std::string failure_;
};

// The records that lie in one ring of one member's memory, followed at every write, but for the oldest that it has applied.
class RingGuard {
 public:
  // `writer` (a life) places [position, position + length) of its `log` here.
  void place(std::uint32_t writer, const std::deque<Appended>& log, Position position, std::size_t length,
             std::size_t ringBytes, std::uint32_t owner, Index applied, History* history);

 private:
  std::uint32_t writer_ = ~0u;
  std::deque<Appended> lying_;
};

}  // namespace gaia::sim
