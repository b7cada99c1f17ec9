// The clock the program sees: set by each turn, stepped a little by each call, equal on all replicas.
#pragma once
#include <cstdint>
#include <ctime>

namespace gaia::interpose {

struct ClockReading {
  std::uint64_t realtimeNs = 0;   // since 1970
  std::uint64_t monotonicNs = 0;  // since the group's epoch; goes on across changes of the leader
};

constexpr std::uint32_t callsPerRefresh =
    64;                                // a turn may be long: loops that wait for the clock must see it move
constexpr std::uint64_t stepNs = 100;  // what one call seems to take

struct Clock {
  ClockReading now;
  std::uint32_t calls = 0;             // since the entry that set it
  std::int64_t monotonicOffsetNs = 0;  // leader: added to its own CLOCK_MONOTONIC
};
extern constinit Clock programClock;

// Before the first turn: the group's epoch.
void startClock(std::uint64_t epochNs);
// Every replica, at every entry.
void setClock(const ClockReading& reading);
// Leader: the real time as the group's clock would show it, never before what the program has already seen.
ClockReading sampleClock();
// A new leader continues monotonic time where the old one's entries ended.
void continueMonotonic();
// The fork child's view: real time stands still (files it writes are equal on all replicas), monotonic time
// runs.
ClockReading childClock();
void freezeForChild();

ClockReading realClock();
inline std::uint64_t toNs(const timespec& time) {
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
}
inline timespec toTimespec(std::uint64_t ns) {
  return {static_cast<time_t>(ns / 1'000'000'000), static_cast<long>(ns % 1'000'000'000)};
}

}  // namespace gaia::interpose
