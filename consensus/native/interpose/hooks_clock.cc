// Hooks: time and what is derived from it.
#include <sys/times.h>

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

constexpr std::uint64_t kernelTickNs = 10'000'000;  // sysconf(_SC_CLK_TCK) is 100 on Linux

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

// C11's names for the same; the C library asks the kernel for them past clock_gettime.
GAIA_HOOK int timespec_get(timespec* out, int base) noexcept {
  if (base != TIME_UTC) return real().timespec_get(out, base);
  clock_gettime(CLOCK_REALTIME, out);
  return base;
}

GAIA_HOOK clock_t clock() noexcept {
  if (!inOrder() && !inChild()) return real().clock();
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<clock_t>(toNs(now) / (1'000'000'000 / CLOCKS_PER_SEC));
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

GAIA_HOOK clock_t times(tms* out) noexcept {
  if (!inOrder() && !inChild()) return real().times(out);
  if (out != nullptr) *out = {};
  return static_cast<clock_t>((inOrder() ? programClock.now : childClock()).monotonicNs / kernelTickNs);
}
