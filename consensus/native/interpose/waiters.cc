// What the program's threads wait for, for the one that obtains the next turn.
#include <algorithm>

#include "datagrams.h"
#include "descriptors.h"
#include "ready.h"
#include "thread_table.h"
#include "threads.h"
#include "turns.h"

namespace gaia::interpose {

namespace {
Schedule& schedule() { return threadTable().schedule; }
ProgramThread& threadOf(int id) { return threadTable().threads[id]; }
}  // namespace

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
