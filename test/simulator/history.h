// What must hold for all members together, checked from outside of the core as it happens.
//
//   one leader per ballot; one content per (ballot, index)
//   every member applies the same entries in index order, each exactly once
//   each entry follows exactly the one it was built on (primary order)
//   every program has the same state after the same entry, whether it executed or restored it
//   what was acknowledged is what is decided, and it is there at the end
//   no byte of a decided entry is overwritten where it is not applied yet (G1)
#pragma once
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>

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
  void end();

  Index decided() const { return decided_.size(); }
  Index acknowledgedMax() const { return acknowledged_.empty() ? 0 : acknowledged_.rbegin()->first; }
  std::uint64_t acknowledgements() const { return acknowledged_.size(); }
  Ballot originOf(Index index) const { return index == 0 ? 0 : decided_[index - 1].origin; }
  void fail(const std::string& what) {
    if (failure_.empty()) failure_ = what;
  }
  const std::string& failure() const { return failure_; }

 private:
  struct Decided {
    Ballot origin = 0;
    std::uint64_t content = 0;
  };
  struct Overwritten {
    std::uint32_t owner;
    Appended record;
  };
  void checkAcknowledged(Index index, std::uint64_t content);
  void checkOverwritten(const Overwritten& lost);

  std::vector<Decided> decided_;  // of index i at i - 1
  std::map<Index, std::uint64_t> acknowledged_;
  std::vector<std::optional<std::uint64_t>> states_;          // after entry i at i
  std::unordered_map<Ballot, std::uint32_t> leaders_;         // which life wrote under a ballot
  std::unordered_map<std::uint64_t, std::uint64_t> written_;  // (ballot, index) mixed -> content
  std::deque<Overwritten> undecided_;  // overwritten before it was known whether it mattered
  std::string failure_;
};

// The records that lie in one ring of one member's memory, followed at every write.
class RingGuard {
 public:
  // `writer` (a life) places [position, position + length) of its `log` here.
  void place(std::uint32_t writer, const std::vector<Appended>& log, Position position, std::size_t length,
             std::size_t ringBytes, std::uint32_t owner, Index applied, History* history);

 private:
  std::uint32_t writer_ = ~0u;
  std::deque<Appended> lying_;
};

}  // namespace gaia::sim
