// What a member has counted since it started.
#pragma once
#include "runtime/histogram.h"

namespace gaia {

struct Metrics {
  Histogram commitLatencyNs;  // as leader, from publishing a batch to its commit
  Histogram batchEntries;     // per commit
  Histogram batchBytes;       // of payload, per commit
  std::uint64_t elections = 0;           // this member's candidacies
  std::uint64_t divergences = 0;         // differences of its output from another's; the first one is the last looked for
  std::uint64_t refusedConnections = 0;  // strangers on the consensus port
  std::uint64_t journalBytes = 0;        // kept for others to join by replay
};

}  // namespace gaia
