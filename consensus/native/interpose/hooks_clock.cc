// Hooks: time and what is derived from it.
#include <cerrno>
#include <cstring>

#include "clock.h"
#include "process.h"
#include "real.h"
#include "threads.h"
#include "trace.h"
#include "turns.h"

using namespace gaia::interpose;

namespace {

bool isCoarse(clockid_t clock) { return clock == CLOCK_REALTIME_COARSE || clock == CLOCK_MONOTONIC_COARSE; }

bool isRealtime(clockid_t clock) {
  return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_TAI;
}

// One counted call: the same number of them is made on every replica.
const ClockReading& step(const char* kind, const void* returnAddress) {
  traceCall(kind, returnAddress);
  if (++programClock.calls % callsPerRefresh == 0) [[unlikely]]
    refreshClock();
  programClock.now.realtimeNs += stepNs;
  programClock.now.monotonicNs += stepNs;
  return programClock.now;
}

bool inChild() { return mode() == Mode::inert && programClock.now.realtimeNs != 0; }

timespec pick(clockid_t clock, const ClockReading& reading) {
  return toTimespec(isRealtime(clock) ? reading.realtimeNs : reading.monotonicNs);
}

}  // namespace

GAIA_HOOK int clock_gettime(clockid_t clock, timespec* out) noexcept {
  if (!inOrder()) [[unlikely]] {
    if (!inChild()) return real().clock_gettime(clock, out);
    *out = pick(clock, childClock());
    return 0;
  }
  // Allocators ask the coarse clocks a varying number of times: these do not count.
  *out = pick(clock, isCoarse(clock) ? programClock.now : step("clock_gettime", __builtin_return_address(0)));
  return 0;
}

GAIA_HOOK int gettimeofday(timeval* out, void* zone) noexcept {
  if (!inOrder() && !inChild()) [[unlikely]]
    return real().gettimeofday(out, zone);
  const timespec now =
      pick(CLOCK_REALTIME, inOrder() ? step("gettimeofday", __builtin_return_address(0)) : childClock());
  *out = {now.tv_sec, now.tv_nsec / 1000};
  return 0;
}

GAIA_HOOK time_t time(time_t* out) noexcept {
  if (!inOrder() && !inChild()) [[unlikely]]
    return real().time(out);
  const time_t now = pick(CLOCK_REALTIME, inOrder() ? programClock.now : childClock()).tv_sec;
  if (out != nullptr) *out = now;
  return now;
}

// Processor time differs between replicas, and programs put it into replies.
GAIA_HOOK int getrusage(__rusage_who_t who, rusage* out) noexcept {
  if (!inOrder()) return real().getrusage(who, out);
  std::memset(out, 0, sizeof *out);
  return 0;
}
