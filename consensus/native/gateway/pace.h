// When a server gets its next input: when it rests. Then inputs of different connections take effect in the order of the log
// whatever threads serve them. A server that does not come to rest gets it after a while all the same, and that is counted.
// The while is of the server's own time: in which it had a processor, or slept and left its input unread. How long it waited
// for a processor or a disk says nothing of whether it would come to rest.
// Pure.
#pragma once
#include <algorithm>
#include <cstdint>

namespace gaia::gateway {

// At a server, once.
struct Look {
  bool asleep = false;         // all of its threads
  bool taken = false;          // it has read what it was given
  std::uint64_t usedNs = 0;    // of processor time, since somebody first looked
};

class Pace {
 public:
  // A wake-up on its way from one thread to another may hide from one look; not from two.
  static constexpr std::uint64_t secondLookNs = 60'000;
  static constexpr std::uint64_t lookNsMax = 2'000'000;  // between two looks at a server that works for long
  static constexpr std::uint64_t patienceNs = 1'000'000'000;
  static constexpr std::uint64_t shortPatienceNs = 20'000'000;  // with one that did not come to rest three times in a row
  static constexpr std::uint32_t restlessMax = 3;
  static constexpr std::uint64_t waitNsMax = 30'000'000'000;  // of anybody's time: its disk may never answer

  bool rests() const { return rests_; }
  std::uint64_t restlessFeeds() const { return restlessFeeds_; }

  // Whether to look at the server now; if so, looked() follows.
  bool looksAt(std::uint64_t nowNs) const { return !rests_ && nowNs >= nextLookNs_; }
  void looked(const Look& look, std::uint64_t nowNs) {
    if (fedNs_ == 0) fedNs_ = nowNs;
    ownNs_ += look.usedNs - usedNs_;
    if (look.asleep && asleepSinceNs_ != 0) ownNs_ += nowNs - asleepSinceNs_;
    usedNs_ = look.usedNs;
    asleepSinceNs_ = look.asleep ? nowNs : 0;
    decide(look.asleep && look.taken);
    nextLookNs_ = nowNs + (restedOnce_ ? secondLookNs : waitNs_);
  }
  std::uint64_t nextLookNs() const { return nextLookNs_; }

  bool feeds(std::uint64_t nowNs) const {
    return rests_ || ownNs_ >= (restlessInARow_ < restlessMax ? patienceNs : shortPatienceNs) ||
           nowNs >= fedNs_ + waitNsMax;
  }
  void fed(std::uint64_t nowNs) {
    if (!rests_) {
      restlessFeeds_++;
      restlessInARow_++;
    }
    fedOn(nowNs);
  }
  // What continues the last input waits for nothing.
  void fedOn(std::uint64_t nowNs) {
    rests_ = restedOnce_ = false;
    fedNs_ = nowNs;
    ownNs_ = asleepSinceNs_ = 0;
    waitNs_ = secondLookNs;
    nextLookNs_ = nowNs + secondLookNs;
  }

 private:
  void decide(bool rested) {
    if (!rested) {
      waitNs_ = std::min(waitNs_ * 3 / 2, lookNsMax);
    } else if (restedOnce_) {
      rests_ = true;
      restlessInARow_ = 0;
    }
    restedOnce_ = rested;
  }

  bool rests_ = false, restedOnce_ = false;
  std::uint64_t fedNs_ = 0, nextLookNs_ = 0, waitNs_ = secondLookNs;
  std::uint64_t usedNs_ = 0;         // at the last look
  std::uint64_t asleepSinceNs_ = 0;  // of looks in a row, the last; 0: it was awake
  std::uint64_t ownNs_ = 0;          // since it was fed
  std::uint64_t restlessFeeds_ = 0;
  std::uint32_t restlessInARow_ = 0;
};

}  // namespace gaia::gateway
