#include "vm/backup_sleep.h"

#include <utility>

namespace gaia::vm {

// One that has slept is asleep again after a single round of no use.
void BackupSleep::roundEnded(bool slept, std::uint64_t equal, std::uint64_t waited, std::uint64_t nowNs) {
  if (slept) return;
  equal_ += equal;
  waited_ += waited;
  if (equal_ + waited_ < answersMin) return;
  uselessRounds_ =
      std::exchange(waited_, 0) * equalPerWaitedMin > std::exchange(equal_, 0) ? uselessRounds_ + 1 : 0;
  if (uselessRounds_ < uselessRoundsMax) return;
  uselessRounds_ = uselessRoundsMax - 1;
  wakesNs_ = nowNs + sleepNs;
}

}  // namespace gaia::vm
