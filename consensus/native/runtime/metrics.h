// What a member has counted since it started.
#pragma once
#include "runtime/histogram.h"
#include "transport/refusals.h"

namespace gaia {

struct Metrics {
  Histogram commitLatencyNs;  // as leader, from publishing a batch to its commit
  Histogram batchEntries;     // per commit
  Histogram batchBytes;       // of payload, per commit
  std::uint64_t elections = 0;           // this member's candidacies
  std::uint64_t divergences = 0;         // differences of its output from another's; the first one is the last looked for
  RefusalCounts refusedConnections{};    // on the consensus port, by cause
  std::uint64_t journalBytes = 0;        // kept for others to join by replay
};

}  // namespace gaia
