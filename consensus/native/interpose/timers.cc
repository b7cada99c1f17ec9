#include "timers.h"



#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "descriptors.h"
#include "never_destroyed.h"
#include "real.h"
#include "waits.h"

namespace gaia::interpose {

namespace {

struct Timer {
  int fd;
  bool realtime;             // which of the two clocks it goes by
  std::uint64_t nextNs = 0;  // 0: not set
  std::uint64_t intervalNs = 0;
  bool told = false;         // the program has been told of this expiration
};

constinit NeverDestroyed<std::vector<Timer>> storage;
std::vector<Timer>& timers() { return storage.value; }

Timer* find(int fd) {
  const auto at = std::ranges::find(timers(), descriptors.original(fd), &Timer::fd);
  return at == timers().end() ? nullptr : &*at;
}

std::uint64_t nowOf(const Timer& timer, const ClockReading& now) {
  return timer.realtime ? now.realtimeNs : now.monotonicNs;
}

bool expired(const Timer& timer) { return timer.nextNs != 0 && nowOf(timer, programClock.now) >= timer.nextNs; }

ssize_t fail(int error) {
  errno = error;
  return -1;
}

// Expirations since the last time; 0: none.
std::uint64_t takeExpirations(int fd) {
  Timer* timer = find(fd);
  if (timer == nullptr || !expired(*timer)) return 0;
  timer->told = false;
  if (timer->intervalNs == 0) {
    timer->nextNs = 0;
    return 1;
  }
  const std::uint64_t count = 1 + (nowOf(*timer, programClock.now) - timer->nextNs) / timer->intervalNs;
  timer->nextNs += count * timer->intervalNs;
  return count;
}

}  // namespace

void addTimer(int fd, clockid_t clock) {
  descriptors.setKind(fd, Kind::timer);
  const bool realtime = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_ALARM;
  timers().push_back({fd, realtime});
}

bool setTimer(int fd, int flags, const itimerspec& value, itimerspec* before) {
  Timer* timer = find(fd);
  if (timer == nullptr) return false;
  if (before != nullptr) *before = timerState(fd);
  const std::uint64_t at = toNs(value.it_value);
  const bool absolute = (flags & TFD_TIMER_ABSTIME) != 0;
  timer->nextNs = at == 0 || absolute ? at : nowOf(*timer, programClock.now) + at;
  timer->intervalNs = toNs(value.it_interval);
  timer->told = false;
  return true;
}

itimerspec timerState(int fd) {
  const Timer* timer = find(fd);
  if (timer == nullptr || timer->nextNs == 0) return {};
  const std::uint64_t now = nowOf(*timer, programClock.now);
  std::uint64_t left = timer->nextNs > now ? timer->nextNs - now : 0;
  if (left == 0 && timer->intervalNs != 0) left = timer->intervalNs - (now - timer->nextNs) % timer->intervalNs;
  return {toTimespec(timer->intervalNs), toTimespec(left)};
}

bool timerExpired(int fd) {
  const Timer* timer = find(fd);
  return timer != nullptr && expired(*timer);
}

ssize_t readTimer(int fd, void* to, std::size_t room) {
  if (room < sizeof(std::uint64_t)) return fail(EINVAL);
  const bool waits = mayWait(fd);
  while (waits && !timerExpired(fd) && ownsWait() && mode() != Mode::detached) waitFor(fd, POLLIN, -1);
  const std::uint64_t count = takeExpirations(fd);
  if (count == 0) return fail(EAGAIN);
  std::memcpy(to, &count, sizeof count);
  return sizeof count;
}

void renameTimer(int from, int to) { find(from)->fd = to; }
void forgetTimer(int fd) { std::erase_if(timers(), [fd](const Timer& timer) { return timer.fd == fd; }); }

void noteExpirations() {
  for (Timer& timer : timers()) {
    if (timer.told || !expired(timer)) continue;
    timer.told = true;
    markReady(timer.fd);
  }
}

std::uint64_t nextExpirationNs(const ClockReading& now) {
  std::uint64_t firstNs = never;
  for (const Timer& timer : timers()) {
    if (timer.nextNs == 0 || timer.told) continue;
    const std::uint64_t nowNs = nowOf(timer, now);
    firstNs = std::min(firstNs, timer.nextNs > nowNs ? timer.nextNs - nowNs : 0);
  }
  return firstNs;
}

}  // namespace gaia::interpose
