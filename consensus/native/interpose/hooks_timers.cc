// Hooks: timerfd. Reads of them are in hooks_read.cc. The kernel is asked by number, since nothing but these hooks asks it.
#include <sys/syscall.h>

#include <cerrno>

#include "program_numbers.h"
#include "timers.h"
#include "waits.h"

using namespace gaia::interpose;

namespace {
bool isTimer(int fd) { return inOrder() && descriptors.kind(fd) == Kind::timer; }
}  // namespace

GAIA_HOOK int timerfd_create(clockid_t clock, int flags) noexcept {
  const int fd = openedInOrder([=] { return static_cast<int>(syscall(SYS_timerfd_create, clock, flags)); });
  if (!inOrder() || fd < 0 || !descriptors.inRange(fd)) return fd;
  OutsideTurn outside;
  addTimer(fd, clock);
  return fd;
}

GAIA_HOOK int timerfd_settime(int fd, int flags, const itimerspec* value, itimerspec* before) noexcept {
  if (!isTimer(fd)) return static_cast<int>(syscall(SYS_timerfd_settime, fd, flags, value, before));
  OutsideTurn outside;
  if (value != nullptr && setTimer(fd, flags, *value, before)) return 0;
  errno = EINVAL;
  return -1;
}

GAIA_HOOK int timerfd_gettime(int fd, itimerspec* value) noexcept {
  if (!isTimer(fd)) return static_cast<int>(syscall(SYS_timerfd_gettime, fd, value));
  *value = timerState(fd);
  return 0;
}
