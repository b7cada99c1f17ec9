#include "local_wait.h"

#include <algorithm>

#include "clock.h"
#include "descriptors.h"
#include "kernel_events.h"
#include "process.h"
#include "real.h"
#include "schedule.h"
#include "timers.h"
#include "turns.h"

namespace gaia::interpose {

namespace {
constexpr int eventsMax = 64;
constexpr int longestMs = 100;  // threads that were away are looked for as often
}  // namespace

bool waitWithoutLog(std::uint64_t leftNs) {
  epoll_event events[eventsMax];
  const auto leftMs = leftNs == never ? longestMs : static_cast<int>(std::min<std::uint64_t>((leftNs + 999'999) / 1'000'000, longestMs));
  const int count = real().epoll_wait(kernelEventsFd(), events, eventsMax, leftMs);
  descriptors.clearProgramReady();
  for (int i = 0; i < count; ++i) {
    const EventTag tag = EventTag::unpack(events[i].data.u64);
    if (tag.source != Source::program) continue;
    descriptors.setProgramReady(tag.fd, events[i].events);
    markReady(tag.fd);
  }
  if (count > 0 || leftNs == never) return false;
  // The clock moves by what was waited for, not by what it took: it is equal on all replicas.
  const std::uint64_t movedNs = std::min<std::uint64_t>(leftNs, static_cast<std::uint64_t>(leftMs) * 1'000'000);
  programClock.now.realtimeNs += movedNs;
  programClock.now.monotonicNs += movedNs;
  noteExpirations();
  return false;
}

}  // namespace gaia::interpose
