// Measures a leader's commits. Reading the clock twice costs a tenth of a commit over shared memory, so of
// those that never wait one in `sampledOneIn` is timed and stands for all; one that waits for an answer is
// always timed, from then on if not before: what came before the wait is nothing beside it.
#pragma once
#include "runtime/metrics.h"
#include "transport/sys.h"

namespace gaia {

class CommitMeter {
 public:
  static constexpr std::uint64_t sampledOneIn = 16;

  explicit CommitMeter(Metrics& metrics) : metrics_(metrics) {}

  // Leadership begins: what an earlier one left undecided is not counted.
  void reset() { entries_ = bytes_ = 0; }
  void appended(std::size_t bytes) {
    entries_++;
    bytes_ += bytes;
  }
  void begin() {
    waited_ = false;
    startNs_ = begun_++ % sampledOneIn == 0 ? sys::nowNs() : 0;
  }
  void waits() {
    waited_ = true;
    if (startNs_ == 0) startNs_ = sys::nowNs();
  }
  void committed() {
    if (startNs_ != 0) metrics_.commitLatencyNs.record(sys::nowNs() - startNs_, waited_ ? 1 : sampledOneIn);
    metrics_.batchEntries.record(entries_);
    metrics_.batchBytes.record(bytes_);
    reset();
  }

 private:
  Metrics& metrics_;
  std::uint64_t begun_ = 0;
  std::uint64_t startNs_ = 0;  // 0: not timed
  bool waited_ = false;
  std::uint64_t entries_ = 0, bytes_ = 0;  // appended since the last commit
};

}  // namespace gaia
