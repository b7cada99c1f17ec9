// Whether the backup's guest runs from one round to the next, or sleeps. Where guests say the same, the one
// that runs lets output leave without a round; where they do not, it costs its host a processor, and sleeping
// it has nothing to forget when a round begins. Decided at the primary; pure.
#pragma once
#include <cstdint>

namespace gaia::vm {

class BackupSleep {
 public:
  static constexpr std::uint64_t answersMin = 16;          // fewer tell nothing by themselves
  static constexpr std::uint64_t equalPerWaitedMin = 4;    // else the guest was of no use
  static constexpr int uselessRoundsMax = 3;               // one after the other; then it sleeps
  static constexpr std::uint64_t sleepNs = 4'000'000'000;  // then it is tried whether guests say the same now

  // A round has ended. Of the answers that the primary's guest had put out since the one before, `equal` had
  // left because the backup's guest had said as much, and `waited` left by the round alone. `slept`: it did
  // meanwhile. Bare acknowledgements are equal whatever guests say besides, and do not count.
  void roundEnded(bool slept, std::uint64_t equal, std::uint64_t waited, std::uint64_t nowNs);
  // What the next round is to leave the backup's guest to do.
  bool sleeps(std::uint64_t nowNs) const { return nowNs < wakesNs_; }

 private:
  std::uint64_t equal_ = 0, waited_ = 0;  // that have not been judged yet
  int uselessRounds_ = 0;
  std::uint64_t wakesNs_ = 0;
};

}  // namespace gaia::vm
