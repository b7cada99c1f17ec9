// The snapshots of one member: the complete one that it keeps, the one it takes and the one it fetches. A
// program's state is one word here; the pieces are filled up with what follows from that word and the taker,
// so that pieces of two snapshots, or of two takers, never pass for one.
#pragma once
#include <utility>

#include "core/mutant.h"
#include "core/snapshot.h"

namespace gaia::sim {

class SimSnapshots {
 public:
  Index index() const { return kept_ ? kept_->manifest.id.index : 0; }
  const Manifest* manifest() const { return kept_ ? &kept_->manifest : nullptr; }
  std::uint64_t state() const { return kept_ ? kept_->state : 0; }
  SimSnapshots onDisk() const {  // all that outlives the process
    SimSnapshots left;
    left.kept_ = kept_;
    return left;
  }
  bool taking() const { return taken_.has_value(); }
  void take(Manifest manifest, std::uint64_t state) { taken_ = {std::move(manifest), state}; }
  // As SnapshotStore: one that is not newer than what was fetched meanwhile is thrown away.
  void finishTaking() {
    if (taken_->manifest.id.index > index() || mutant(Mutant::olderKept)) kept_ = std::move(taken_);
    taken_.reset();
  }
  std::vector<std::byte> piece(Index index, std::uint32_t number) const;  // empty: not of that snapshot

  void keepFetched(std::uint32_t number, std::span<const std::byte> piece);
  // The state that was fetched is whole: that snapshot is kept from now on. Nothing: it is not what was
  // taken.
  std::optional<std::uint64_t> adoptFetched(const Manifest& manifest);

 private:
  struct Kept {
    Manifest manifest;
    std::uint64_t state = 0;
  };
  void forgetFetched() { fetched_ = std::vector<std::byte>(); }  // {} would keep the memory

  std::optional<Kept> kept_, taken_;
  std::vector<std::byte> fetched_;  // its state
};

}  // namespace gaia::sim
