#include "vm/backup_sleep.h"

namespace gaia::vm {

// One that has slept is asleep again after a single round of no use.
void BackupSleep::roundEnded(bool slept, std::uint64_t equal, std::uint64_t waited, std::uint64_t nowNs) {
  if (slept) return;
  if (waited == 0 && equal == 0) return;
  uselessRounds_ = waited * equalPerWaitedMin > equal ? uselessRounds_ + 1 : 0;
  if (uselessRounds_ < uselessRoundsMax) return;
  uselessRounds_ = uselessRoundsMax - 1;
  wakesNs_ = nowNs + sleepNs;
}

}  // namespace gaia::vm
