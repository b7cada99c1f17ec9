#include "clock.h"

#include <algorithm>

#include "real.h"

namespace gaia::interpose {

constinit Clock programClock{};

namespace {
constinit std::uint64_t childForkMonotonicNs = 0;
}

ClockReading realClock() {
  timespec realtime{}, monotonic{};
  real().clock_gettime(CLOCK_REALTIME, &realtime);
  real().clock_gettime(CLOCK_MONOTONIC, &monotonic);
  return {toNs(realtime), toNs(monotonic)};
}

void startClock(std::uint64_t epochNs) {
  programClock.now = {epochNs, 1'000'000'000};
  programClock.calls = 0;
}

void setClock(const ClockReading& reading) {
  programClock.now = reading;
  programClock.calls = 0;
}

ClockReading sampleClock() {
  const ClockReading raw = realClock();
  const auto shifted =
      static_cast<std::uint64_t>(static_cast<std::int64_t>(raw.monotonicNs) + programClock.monotonicOffsetNs);
  return {std::max(raw.realtimeNs, programClock.now.realtimeNs + 1),
          std::max(shifted, programClock.now.monotonicNs + 1)};
}

void continueMonotonic() {
  programClock.monotonicOffsetNs = static_cast<std::int64_t>(programClock.now.monotonicNs) -
                                   static_cast<std::int64_t>(realClock().monotonicNs);
}

void freezeForChild() { childForkMonotonicNs = realClock().monotonicNs; }

ClockReading childClock() {
  const std::uint64_t sinceFork = realClock().monotonicNs - childForkMonotonicNs;
  return {programClock.now.realtimeNs, programClock.now.monotonicNs + sinceFork};
}

}  // namespace gaia::interpose
