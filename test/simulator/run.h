// Many lives, several at a time.
#pragma once
#include <atomic>
#include <mutex>
#include <optional>

#include "arguments.h"
#include "world.h"

namespace gaia::sim {

Outcome liveOnce(const Arguments& arguments, std::uint64_t seed, bool traced);

struct Result {
  std::vector<Statistics> lives;
  std::uint64_t digest = 0;  // of all lives, whatever their order
  double seconds = 0;
  std::optional<std::uint64_t> failed;  // the lowest seed whose life broke a promise
  std::string failure;
};

class Run {
 public:
  explicit Run(const Arguments& arguments) : arguments_(arguments), next_(arguments.seed) {}
  Result go();  // to the end, or to the first failure

 private:
  void work();
  void take(std::uint64_t seed, const Outcome& outcome);
  void progress() const;

  const Arguments arguments_;
  std::atomic<std::uint64_t> next_;
  std::atomic<bool> ended_{false};
  std::mutex lock_;
  Result result_;
};

void report(const Arguments& arguments, const Result& result);

}  // namespace gaia::sim
