#include "visits.h"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "children.h"
#include "clock.h"
#include "heap.h"
#include "never_destroyed.h"
#include "process.h"
#include "real.h"
#include "ready.h"
#include "thread_lock.h"
#include "threads.h"
#include "turns.h"

namespace gaia::interpose {

namespace {

constexpr std::size_t visitsMax = 8;

constinit NeverDestroyed<std::vector<pid_t>> storage;  // forks that may still run
std::vector<pid_t>& visits() { return storage.value; }
constinit std::uint64_t lookedNs = 0;

void forgetEnded() {
  std::erase_if(visits(), [](pid_t pid) { return real().waitpid(pid, nullptr, WNOHANG | __WALL) != 0; });
}

// No SIGCHLD, no handlers of pthread_atfork: the program does not notice. Nobody else holds a lock of this library.
pid_t forkUnnoticed() {
  holdHeap();
  pid_t pid;
  {
    const ThreadLock lock;
    pid = static_cast<pid_t>(syscall(SYS_clone, 0, 0, 0, 0, 0));
  }
  releaseHeap();
  return pid;
}

// Clients of the log are still open for the program, and nothing reaches them.
void forgetClients() {
  for (Listener& listener : descriptors.listeners())
    for (QueuedConnection& queued : listener.queue) queued.realFd = -1;
  for (int fd = connectionFdFirst; fd < descriptors.connectionFdEnd(); ++fd) {
    Connection* connection = descriptors.connection(fd);
    if (connection == nullptr) continue;
    connection->realFd = -1;
    connection->output.clear();
  }
}

void keepOnlyAboveFloor(int fd) {
  const auto kept = static_cast<unsigned>(fd);
  const auto floor = static_cast<unsigned>(descriptorFloor);
  if (kept > floor) syscall(SYS_close_range, floor, kept - 1, 0);
  syscall(SYS_close_range, kept + 1, ~0u, 0);
}

void becomeVisited(Listener& listener, int visitor, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (static_cast<pid_t>(syscall(SYS_getppid)) != parent) _exit(1);
  setMode(Mode::visited);
  leadingHere = false;
  becomeOther();
  forgetOtherThreads();
  forgetEntry();
  forgetClients();
  keepOnlyAboveFloor(visitor);
  if (!becomeHarmless()) _exit(1);
  QueuedConnection& queued = listener.queue.emplace_back();
  queued.realFd = visitor;
  queued.addresses.peer = queued.addresses.local = {sizeof(sa_family_t), {AF_UNIX}};
  markReady(listener.fd);
}

// True in the fork.
bool receive(Listener& listener) {
  const int visitor = moveAboveFloor(real().accept4(listener.fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (visitor < 0) return false;
  const pid_t self = real().getpid();
  const pid_t pid = visits().size() < visitsMax ? forkUnnoticed() : -1;
  if (pid == 0) return becomeVisited(listener, visitor, self), true;
  if (pid > 0) visits().push_back(pid);
  real().close(visitor);
  return false;
}

}  // namespace

bool anyLocalListener() { return std::ranges::any_of(descriptors.listeners(), &Listener::local); }

void receiveVisitors() {
  lookedNs = realClock().monotonicNs;
  forgetEnded();
  for (Listener& listener : descriptors.listeners())
    if (listener.local && receive(listener)) return;
}

void lookForVisitors() {
  if (!anyLocalListener()) [[likely]]
    return;
  if (realClock().monotonicNs - lookedNs >= std::uint64_t{visitPauseMs} * 1'000'000) receiveVisitors();
}

}  // namespace gaia::interpose
