#include "local_wait.h"

#include <algorithm>

#include "clock.h"
#include "descriptors.h"
#include "kernel_events.h"
#include "polled.h"
#include "process.h"
#include "real.h"
#include "schedule.h"
#include "threads.h"
#include "timers.h"
#include "turns.h"

namespace gaia::interpose {

namespace {
constexpr int eventsMax = 64;
constexpr int longestMs = 100;  // threads that were away are looked for as often
// What a pipe delivers before there is a log is kept as if a turn had brought it.
void takePipeInput(int fd) {
  ChildPipe* pipe = descriptors.childPipe(fd);
  if (pipe == nullptr) return;
  std::byte part[4096];
  const ssize_t got = real().read(fd, part, sizeof part);
  if (got > 0) pipe->input.add({part, static_cast<std::size_t>(got)});
  pipe->input.keep();
  pipe->ended = got == 0;
  markReady(fd);
}

void takeEvent(const EventTag& tag, std::uint32_t events) {
  if (tag.source == Source::childPipe) takePipeInput(tag.fd);
  if (tag.source != Source::program) return;
  descriptors.setProgramReady(tag.fd, events);
  markReady(tag.fd);
}

// As epoll_wait(2) returns.
int takeEvents(int timeoutMs) {
  epoll_event events[eventsMax];
  const auto polled = polledByWaiters();
  watchPolled(polled);
  watchPipes(polled);
  const int count = real().epoll_wait(kernelEventsFd(), events, eventsMax, timeoutMs);
  descriptors.clearProgramReady();
  for (int i = 0; i < count; ++i) takeEvent(EventTag::unpack(events[i].data.u64), events[i].events);
  return count;
}

}  // namespace

bool waitDetached(int timeoutMs) {
  const int count = takeEvents(timeoutMs < 0 ? longestMs : std::min(timeoutMs, longestMs));
  const bool interrupted = count < 0;
  setClock(sampleClock());
  noteExpirations();
  return interrupted;
}

bool waitWithoutLog(std::uint64_t leftNs) {
  const auto leftMs = leftNs == never ? longestMs : static_cast<int>(std::min<std::uint64_t>((leftNs + 999'999) / 1'000'000, longestMs));
  const int count = takeEvents(leftMs);
  if (count > 0 || leftNs == never) return false;
  // The clock moves by what was waited for, not by what it took: it is equal on all replicas.
  const std::uint64_t movedNs = std::min<std::uint64_t>(leftNs, static_cast<std::uint64_t>(leftMs) * 1'000'000);
  programClock.now.realtimeNs += movedNs;
  programClock.now.monotonicNs += movedNs;
  noteExpirations();
  return false;
}

}  // namespace gaia::interpose
