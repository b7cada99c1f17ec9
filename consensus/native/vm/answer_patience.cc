#include "vm/answer_patience.h"

namespace gaia::vm {

// One that did not rest is given fewer rounds to do so when it is tried again.
void AnswerPatience::roundBegins(OutputGuard::Want why, std::uint64_t nowNs) {
  if (why == OutputGuard::Want::idle) vainRounds_ = 0;
  if (why != OutputGuard::Want::waiting || nowNs < longAgainNs_) return;
  if (++vainRounds_ < vainRoundsMax) return;
  vainRounds_ = vainRoundsMax / 2;
  longAgainNs_ = nowNs + shortForNs;
}

}  // namespace gaia::vm
