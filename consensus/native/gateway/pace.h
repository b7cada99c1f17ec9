// When a server gets its next input: when it rests. Then inputs of different connections take effect in the order of the log
// whatever threads serve them. A server that does not come to rest gets it after a while all the same, and that is counted.
// Pure.
#pragma once
#include <algorithm>
#include <cstdint>

namespace gaia::gateway {

class Pace {
 public:
  // A wake-up on its way from one thread to another may hide from one look; not from two.
  static constexpr std::uint64_t secondLookNs = 60'000;
  static constexpr std::uint64_t lookNsMax = 2'000'000;  // between two looks at a server that works for long
  static constexpr std::uint64_t patienceNs = 1'000'000'000;
  static constexpr std::uint64_t shortPatienceNs = 20'000'000;  // with one that did not come to rest three times in a row
  static constexpr std::uint32_t restlessMax = 3;

  bool rests() const { return rests_; }
  std::uint64_t restlessFeeds() const { return restlessFeeds_; }

  // Whether to look at the server now; if so, looked() follows.
  bool looksAt(std::uint64_t nowNs) const { return !rests_ && nowNs >= nextLookNs_; }
  void looked(bool asleep, std::uint64_t nowNs) {
    if (!asleep) {
      asleepOnce_ = false;
      waitNs_ = std::min(waitNs_ * 3 / 2, lookNsMax);
    } else if (asleepOnce_) {
      rests_ = true;
      restlessInARow_ = 0;
    } else {
      asleepOnce_ = true;
    }
    nextLookNs_ = nowNs + (asleepOnce_ ? secondLookNs : waitNs_);
  }
  std::uint64_t nextLookNs() const { return nextLookNs_; }

  bool feeds(std::uint64_t nowNs) const {
    return rests_ || nowNs >= fedNs_ + (restlessInARow_ < restlessMax ? patienceNs : shortPatienceNs);
  }
  void fed(std::uint64_t nowNs) {
    if (!rests_) {
      restlessFeeds_++;
      restlessInARow_++;
    }
    rests_ = asleepOnce_ = false;
    fedNs_ = nowNs;
    waitNs_ = secondLookNs;
    nextLookNs_ = nowNs + secondLookNs;
  }

 private:
  bool rests_ = false, asleepOnce_ = false;
  std::uint64_t fedNs_ = 0, nextLookNs_ = 0, waitNs_ = secondLookNs;
  std::uint64_t restlessFeeds_ = 0;
  std::uint32_t restlessInARow_ = 0;
};

}  // namespace gaia::gateway
