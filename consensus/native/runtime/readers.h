// Members that read this one's journal or snapshot, and members that ask for a snapshot: what must not be
// dropped under their hands. Service thread.
#pragma once
#include <cstdint>
#include <map>

#include "core/configuration.h"

namespace gaia {

constexpr std::uint64_t readerNs = 10'000'000'000;  // a reader that is not heard for so long is none any more

class Readers {
 public:
  explicit Readers(std::uint64_t lapseNs = readerNs) : lapseNs_(lapseNs) {}

  // `reader` reads from entry `from` on, or the pieces of the snapshot before it.
  void note(std::uint32_t reader, Index from, bool pieces, std::uint64_t nowNs) {
    readers_[reader] = {from, pieces, nowNs};
  }

  // Members that count are waited for otherwise (Core::neededFrom), unless they are beyond help by entries.
  void forget(const Configuration& configuration, std::uint64_t nowNs) {
    std::erase_if(readers_, [&](const auto& entry) {
      const bool counts = !entry.second.pieces && configuration.byNumber(entry.first) != nullptr;
      return counts || nowNs - entry.second.readNs > lapseNs_;
    });
  }
  bool ofPieces() const {
    for (const auto& [number, reader] : readers_) {
      if (reader.pieces) return true;
    }
    return false;
  }
  Index lowest(Index needed) const {
    for (const auto& [number, reader] : readers_) needed = reader.from < needed ? reader.from : needed;
    return needed;
  }

 private:
  struct Reader {
    Index from;
    bool pieces;
    std::uint64_t readNs;
  };
  std::uint64_t lapseNs_;
  std::map<std::uint32_t, Reader> readers_;
};

// A joiner asks every member, and every member sees its log grow: the first in rank takes a snapshot at once,
// the next ones if none comes of it. Nobody asks any more when that was not heard for some times the pause between two
// questions, and in some looks after that: a member that stood still for a while has not heard those who went on asking.
// Nor does a joiner count that asks when one has just come: it may be known here before the joiner knows of it.
class SnapshotDemand {
 public:
  explicit SnapshotDemand(std::uint64_t rankNs = 5'000'000'000) : rankNs_(rankNs) {}

  // At every look, before what is noted at it; a newer snapshot is what was asked for.
  void see(Index newest, std::uint64_t nowNs) {
    const bool silent = nowNs - notedNs_ > silenceNs;
    if (newest > newest_) looksLeft_ = 0, newerNs_ = nowNs;
    else if (silent && looksLeft_ != 0) looksLeft_--;
    newest_ = newest;
  }
  // By a joiner.
  void ask(std::uint64_t nowNs) {
    if (newerNs_ == 0 || nowNs - newerNs_ >= heardOfNs) note(nowNs);
  }
  void note(std::uint64_t nowNs) {
    if (looksLeft_ == 0) sinceNs_ = nowNs;
    looksLeft_ = looksMax;
    notedNs_ = nowNs;
  }
  bool due(std::size_t rank, std::uint64_t nowNs) const {
    return looksLeft_ != 0 && nowNs - sinceNs_ >= rank * rankNs_;
  }

 private:
  static constexpr unsigned looksMax = 10;
  static constexpr std::uint64_t silenceNs = 300'000'000;  // who lacks entries asks every 100 ms
  static constexpr std::uint64_t heardOfNs = 1'000'000'000;
  std::uint64_t rankNs_;
  std::uint64_t sinceNs_ = 0, notedNs_ = 0, newerNs_ = 0;
  unsigned looksLeft_ = 0;
  Index newest_ = 0;
};

}  // namespace gaia
