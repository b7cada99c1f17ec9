// What happened in a life, counted; the sums and medians of many lives show that they are worth living.
#pragma once
#include <array>
#include <cstdint>

namespace gaia::sim {

enum class Count : std::uint8_t {
  events,
  entries,
  acknowledged,
  candidacies,
  leaders,
  crashes,
  pauses,
  partitions,
  brokenChannels,
  clockJumps,
  joined,
  removed,
  handOvers,
  laps,
  tornOperations,
  lateOperations,
  journalReads,
  anchors,
  diskLives,
  restarts,
  powerLosses,
  syncs,
  fullDisks,
  failedSyncs,
  snapshotLives,
  keptSnapshotLives,
  snapshotsTaken,
  snapshotsRestored,
  piecesRead,
  dropped,
  slowDisks,
  end,
};
constexpr std::size_t countKinds = static_cast<std::size_t>(Count::end);
constexpr std::array<const char*, countKinds> countNames{
    "events",
    "entries",
    "acknowledged",
    "candidacies",
    "leaders",
    "crashes",
    "pauses",
    "partitions",
    "broken channels",
    "clock jumps",
    "joined",
    "removed",
    "hand-overs",
    "laps of a ring",
    "torn operations",
    "late operations",
    "journal reads",
    "anchors set",
    "lives with disks",
    "restarts",
    "group power losses",
    "synchronisations",
    "full disks",
    "failed syncs",
    "lives with snapshots",
    "those with disks, too",
    "snapshots taken",
    "snapshots restored",
    "pieces read",
    "entries dropped",
    "slow disks",
};

struct Statistics {
  std::array<std::uint64_t, countKinds> counts{};
  std::uint64_t& operator[](Count kind) { return counts[static_cast<std::size_t>(kind)]; }
  std::uint64_t operator[](Count kind) const { return counts[static_cast<std::size_t>(kind)]; }
};

}  // namespace gaia::sim
