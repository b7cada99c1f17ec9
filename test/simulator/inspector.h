// How much a core remembers, for those who watch whether it grows.
#pragma once
#include "core/core.h"

namespace gaia {

struct CoreInspector {
  const Core& core;

  // Members that it knows in one way or another: they come and go.
  std::size_t members() const {
    return core.peers_.size() + core.departed_.size() + core.learners_.size() + core.lives_.size();
  }
  // Entries that have come otherwise than through a ring, and what lies aside.
  std::size_t entriesHeld() const { return core.decided_.size() + core.aside_.window().size(); }
  std::size_t readsPending() const {
    std::size_t pending = 0;
    for (const auto& [number, peer] : core.peers_) pending += peer.reads.size();
    return pending;
  }
  std::size_t recordsInRings() const {
    std::size_t records = 0;
    for (const RingReader& reader : core.readers_) records += reader.window().size();
    return records;
  }
  Position ownRingBytes() const { return core.writer_.head() - core.writer_.tail(); }
};

}  // namespace gaia
