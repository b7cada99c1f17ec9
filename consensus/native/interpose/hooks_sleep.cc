// Hooks: sleeps end by the log's clock; signals that a thread waits for come from outside of it.
#include <cerrno>

#include "process.h"
#include "real.h"
#include "threads.h"

using namespace gaia::interpose;

namespace {

// Before there is a log a program with one thread sleeps as ever.
bool ownsSleep() { return inOrder() && (mode() >= Mode::replicating || manyThreads()); }

void sleepUntil(const Deadline& deadline) {
  while (waitInOrder(&programClock, deadline)) continue;
}

void sleepFor(std::uint64_t ns) { sleepUntil({never, programClock.now.monotonicNs + ns}); }

}  // namespace

GAIA_HOOK int nanosleep(const timespec* time, timespec* left) {
  if (!ownsSleep()) return real().nanosleep(time, left);
  sleepFor(toNs(*time));
  return 0;
}

GAIA_HOOK int clock_nanosleep(clockid_t clock, int flags, const timespec* time, timespec* left) {
  if (!ownsSleep()) return real().clock_nanosleep(clock, flags, time, left);
  if ((flags & TIMER_ABSTIME) == 0)
    sleepFor(toNs(*time));
  else if (clock == CLOCK_REALTIME)
    sleepUntil({toNs(*time), never});
  else
    sleepUntil({never, toNs(*time)});
  return 0;
}

GAIA_HOOK int usleep(useconds_t us) {
  if (!ownsSleep()) return real().usleep(us);
  sleepFor(std::uint64_t{us} * 1000);
  return 0;
}

GAIA_HOOK unsigned sleep(unsigned seconds) {
  if (!ownsSleep()) return real().sleep(seconds);
  sleepFor(std::uint64_t{seconds} * 1'000'000'000);
  return 0;
}

GAIA_HOOK int sigwait(const sigset_t* set, int* signal) {
  if (inTurn && manyThreads()) goAway();
  return real().sigwait(set, signal);
}

GAIA_HOOK int sigwaitinfo(const sigset_t* set, siginfo_t* information) {
  if (inTurn && manyThreads()) goAway();
  return real().sigwaitinfo(set, information);
}

GAIA_HOOK int pause() {
  if (inTurn && manyThreads()) goAway();
  return real().pause();
}

GAIA_HOOK int sigsuspend(const sigset_t* mask) {
  if (inTurn && manyThreads()) goAway();
  return real().sigsuspend(mask);
}
