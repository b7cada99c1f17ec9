// Hooks: sleeps end by the log's clock.
#include <cerrno>

#include "process.h"
#include "real.h"
#include "signals.h"
#include "threads.h"

using namespace gaia::interpose;

namespace {

// Before there is a log a program with one thread sleeps as ever.
bool ownsSleep() { return inOrder() && (mode() >= Mode::replicating || manyThreads()); }

// False: a handler has run first.
bool sleepUntil(const Deadline& deadline) {
  wasInterrupted();
  while (waitInOrder(&programClock, deadline))
    if (wasInterrupted() || mode() == Mode::detached) return false;
  return true;
}

std::uint64_t leftNs(const Deadline& deadline) {
  const std::uint64_t now = programClock.now.monotonicNs;
  return deadline.monotonicNs > now ? deadline.monotonicNs - now : 0;
}

int fail() {
  errno = EINTR;
  return -1;
}

// As nanosleep(2).
int sleepFor(std::uint64_t ns, timespec* left) {
  const Deadline end = afterNs(ns);
  if (sleepUntil(end)) return 0;
  if (left != nullptr) *left = toTimespec(leftNs(end));
  return fail();
}

}  // namespace

GAIA_HOOK int nanosleep(const timespec* time, timespec* left) {
  return ownsSleep() ? sleepFor(toNs(*time), left) : real().nanosleep(time, left);
}

GAIA_HOOK int clock_nanosleep(clockid_t clock, int flags, const timespec* time, timespec* left) {
  if (!ownsSleep()) return real().clock_nanosleep(clock, flags, time, left);
  if ((flags & TIMER_ABSTIME) == 0) return sleepFor(toNs(*time), left) == 0 ? 0 : EINTR;
  return sleepUntil(clock == CLOCK_REALTIME ? Deadline{toNs(*time), never} : Deadline{never, toNs(*time)}) ? 0 : EINTR;
}

GAIA_HOOK int usleep(useconds_t us) {
  return ownsSleep() ? sleepFor(std::uint64_t{us} * 1000, nullptr) : real().usleep(us);
}

GAIA_HOOK unsigned sleep(unsigned seconds) {
  if (!ownsSleep()) return real().sleep(seconds);
  timespec left{};
  return sleepFor(std::uint64_t{seconds} * 1'000'000'000, &left) == 0 ? 0 : static_cast<unsigned>(left.tv_sec + (left.tv_nsec > 0));
}
