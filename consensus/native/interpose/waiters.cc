// What the program's threads wait for, for the one that obtains the next turn.
#include <algorithm>

#include "datagrams.h"
#include "descriptors.h"
#include "ready.h"
#include "signals.h"
#include "thread_lock.h"
#include "thread_table.h"
#include "threads.h"
#include "turns.h"

namespace gaia::interpose {

namespace {
Schedule& schedule() { return threadTable().schedule; }
ProgramThread& threadOf(int id) { return threadTable().threads[id]; }
bool hears(int id) { return schedule().waits(id) && (dueForHandlers() & ~threadOf(id).blockedSignals) != 0; }

// A handler ends waits for events, signals and sleeps; where there are none, it is run in the middle of another wait.
bool endsByHandler(int id) {
  return waitsForEvents(id) || schedule().waitsFor(id, &programClock) || schedule().waitsFor(id, &signalsCause);
}

void wakeForHandlers() {
  bool anyone = false;
  for (int id = 0; id < schedule().end(); ++id)
    if (hears(id) && endsByHandler(id)) anyone = true, schedule().wake(id);
  for (int id = 0; id < schedule().end() && !anyone; ++id)
    if (hears(id)) anyone = true, schedule().wake(id);
}

void wakeTakers() {
  for (int id = 0; id < schedule().end(); ++id)
    if (schedule().waitsFor(id, &signalsCause) && (dueSignals() & threadOf(id).awaitedSignals) != 0) schedule().wake(id);
}

}  // namespace

void wakeSignalTakers() {
  const ThreadLock lock;
  wakeTakers();
}

void wakeForSignals() {
  wakeTakers();
  wakeForHandlers();
}

bool awaitsDatagrams(const WaitSet& waitSet) {
  if (!anyDatagramSocket()) return false;
  for (int fd = 0; fd < descriptorsMax; ++fd)
    if (descriptors.kind(fd) == Kind::datagrams && concerns(waitSet, fd)) return true;
  return false;
}

bool isProgramThread(pid_t kernelId) {
  for (int id = 0; id < schedule().end(); ++id)
    if (threadOf(id).kernelId.load(std::memory_order_relaxed) == kernelId && !threadOf(id).ended) return true;
  return false;
}

bool anyWaiterReady() {
  for (int id = 0; id < schedule().end(); ++id)
    if (waitsForEvents(id) && anythingReady(threadOf(id).waitSet)) return true;
  return false;
}

std::vector<pollfd> polledByWaiters() {
  std::vector<pollfd> all;
  for (int id = 0; id < schedule().end(); ++id) {
    if (!waitsForEvents(id)) continue;
    for (const pollfd& item : threadOf(id).waitSet.list) {
      const auto at = std::ranges::find(all, item.fd, &pollfd::fd);
      if (at == all.end())
        all.push_back(item);
      else
        at->events = static_cast<short>(at->events | item.events);
    }
  }
  return all;
}

}  // namespace gaia::interpose
