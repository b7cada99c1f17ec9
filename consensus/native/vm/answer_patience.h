// How long an answer may wait for a round while the backup's guest sleeps. A round is cheapest when the guest
// rests: then all that it was asked is answered, and clients that wait for many answers at a time have each
// of theirs. So answers wait for that, unless it does not come. Decided at the primary; pure.
#pragma once
#include <cstdint>

#include "vm/output_guard.h"

namespace gaia::vm {

class AnswerPatience {
 public:
  static constexpr std::uint64_t shortNs = 20'000'000, longNs = 60'000'000;
  static constexpr int vainRoundsMax = 8;                    // one after the other; then it is short
  static constexpr std::uint64_t shortForNs = 4'000'000'000;  // then it is tried whether the guest rests now

  // A round begins, wanted for this.
  void roundBegins(OutputGuard::Want why, std::uint64_t nowNs);
  std::uint64_t ns(std::uint64_t nowNs) const { return nowNs < longAgainNs_ ? shortNs : longNs; }

 private:
  int vainRounds_ = 0;
  std::uint64_t longAgainNs_ = 0;
};

}  // namespace gaia::vm
