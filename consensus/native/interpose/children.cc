#include "children.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <vector>

#include "clock.h"
#include "datagrams.h"
#include "descriptors.h"
#include "leader.h"
#include "never_destroyed.h"
#include "process.h"
#include "real.h"
#include "signals.h"
#include "threads.h"
#include "turns.h"
#include "unexpected.h"

namespace gaia::interpose {

namespace {

constexpr pid_t virtualPidFirst = programPid;

struct Child {
  pid_t virtualPid;
  pid_t realPid;
  int pidFd;
  bool reaped;  // by this process
  bool ended;   // by the log's account
  int status;
};
constinit NeverDestroyed<std::vector<Child>> childList;
std::vector<Child>& children() { return childList.value; }
constinit pid_t self = virtualPidFirst;
constinit pid_t programRealPid = 0;  // known to its children
constinit pid_t nextVirtualPid = virtualPidFirst + 1;

// The same for handlers of signals, which may run while the list changes.
constinit std::atomic<pid_t> knownChildren[64]{};

void exchangeKnown(pid_t from, pid_t to) {
  for (std::atomic<pid_t>& one : knownChildren) {
    pid_t expected = from;
    if (one.compare_exchange_strong(expected, to)) return;
  }
}

Child* find(pid_t virtualPid) {
  const auto at = std::ranges::find(children(), virtualPid, &Child::virtualPid);
  return at == children().end() ? nullptr : &*at;
}

void closePidFd(Child& child) {
  if (child.pidFd >= 0) real().close(child.pidFd);
  child.pidFd = -1;
}

void becomeChild(pid_t virtualPid) {
  releaseSignals();
  inTurn = false;
  forgetThreads();
  setMode(Mode::inert);
  self = virtualPid;
  loseDatagramSockets();
  syscall(SYS_close_range, static_cast<unsigned>(descriptorFloor), ~0u, 0);
}

void addChild(pid_t virtualPid, pid_t realPid) {
  OutsideTurn outside;
  const int pidFd = moveAboveFloor(static_cast<int>(syscall(SYS_pidfd_open, realPid, 0)));
  children().push_back({virtualPid, realPid, pidFd, false, false, 0});
  exchangeKnown(0, realPid);
  if (leadingHere) watchChild(pidFd, virtualPid);
}

void forgetChild(pid_t virtualPid) {
  OutsideTurn outside;
  std::erase_if(children(), [virtualPid](Child& child) {
    if (child.virtualPid != virtualPid) return false;
    closePidFd(child);
    exchangeKnown(child.realPid, 0);
    return true;
  });
}

bool reap(Child& child, int options) {
  if (child.reaped) return true;
  pid_t got;
  do got = real().waitpid(child.realPid, &child.status, options);
  while (got < 0 && errno == EINTR);
  child.reaped = got != 0;
  return child.reaped;
}

bool matches(const Child& child, pid_t pid) { return pid == -1 || pid == 0 || child.virtualPid == pid; }

Child* ended(pid_t pid) {
  for (Child& child : children())
    if (child.ended && matches(child, pid)) return &child;
  return nullptr;
}

// A blocking wait runs the same way on every replica, so it needs no entry. Without a log there is only the
// real state.
Child* waitReally(pid_t pid, int options) {
  const bool block = (options & WNOHANG) == 0;
  for (Child& child : children())
    if (matches(child, pid) && (block || mode() != Mode::replicating) && reap(child, options & WNOHANG))
      return &child;
  return nullptr;
}

}  // namespace

pid_t virtualSelf() { return self; }

pid_t nextVirtualPidNow() { return nextVirtualPid; }
void continueVirtualPids(pid_t next) { nextVirtualPid = next; }

void becomeOther() {
  self = virtualPidFirst - 1;
  children().clear();
}

namespace {
constinit sigset_t maskBeforeFork{};
constinit bool forking = false;  // handlers of pthread_atfork run in the child before it is known to be one

// Children are known before their ends are told.
void blockChildSignal() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  real().pthread_sigmask(SIG_BLOCK, &set, &maskBeforeFork);
}
void unblockChildSignal() { real().pthread_sigmask(SIG_SETMASK, &maskBeforeFork, nullptr); }
}  // namespace

void prepareFork() {
  programRealPid = real().getpid();
  freezeForChild();
  ++nextVirtualPid;
  blockChildSignal();
  forking = true;
}

void becomeForked() {
  forking = false;
  unblockChildSignal();
  becomeChild(nextVirtualPid - 1);
}

// Nobody has counted it: its number is the kernel's, and its parent's log says nothing of it.
void becomeUnseenChild() {
  if (forking) return;
  countUnexpected(Unexpected::foreignProcess);
  freezeForChild();
  becomeChild(real().getpid());
}

pid_t noteForked(pid_t realPid) {
  forking = false;
  if (realPid < 0)
    countUnexpected(Unexpected::childStatus);  // other replicas' forks may have worked
  else
    addChild(nextVirtualPid - 1, realPid);
  descriptors.forgetPairs();
  unblockChildSignal();
  return realPid < 0 ? realPid : nextVirtualPid - 1;
}

pid_t forkChild() {
  prepareFork();
  const pid_t realPid = real().fork();
  if (realPid != 0) return noteForked(realPid);
  becomeForked();
  return 0;
}

bool isLoggedChild(pid_t realPid) {
  return std::ranges::any_of(knownChildren, [realPid](const auto& one) { return one.load() == realPid; });
}

pid_t waitForChild(pid_t pid, int* status, int options) {
  const bool known =
      std::ranges::any_of(children(), [pid](const Child& child) { return matches(child, pid); });
  if (!known && pid > 0 && !isLoggedChild(pid)) return real().waitpid(pid, status, options);  // no hook has seen it begin
  if (!known) {
    errno = ECHILD;
    return -1;
  }
  const Child* child = ended(pid);
  if (child == nullptr) child = waitReally(pid, options);
  if (child == nullptr) return 0;
  const pid_t result = child->virtualPid;
  if (status != nullptr) *status = child->status;
  forgetChild(result);
  return result;
}

int killMapped(pid_t pid, int signal) {
  if (pid == virtualPidFirst && mode() == Mode::replicating && raisesInOrder(signal)) {
    raiseInOrder(signal);
    return 0;
  }
  if (pid == virtualPidFirst) return real().kill(real().getpid(), signal);
  const Child* child = find(pid);
  return real().kill(child == nullptr ? pid : child->realPid, signal);
}

int killFromChild(pid_t pid, int signal) {
  if (pid == virtualPidFirst) return real().kill(programRealPid, signal);
  return real().kill(pid == self ? real().getpid() : pid, signal);
}

bool anyChildRuns() {
  return std::ranges::any_of(children(), [](Child& child) { return !reap(child, WNOHANG); });
}

void endChildren() {
  for (const Child& child : children())
    if (real().kill(child.realPid, SIGKILL) == 0) real().waitpid(child.realPid, nullptr, 0);
}

bool reapChild(pid_t virtualPid, int* status) {
  Child* child = find(virtualPid);
  if (child == nullptr || child->ended || !reap(*child, WNOHANG)) return false;
  closePidFd(*child);
  *status = child->status;
  return true;
}

void watchChildren() {
  for (const Child& child : children())
    if (!child.ended && child.pidFd >= 0) watchChild(child.pidFd, child.virtualPid);
}

void applyChildExit(pid_t virtualPid, int status) {
  Child* child = find(virtualPid);
  if (child == nullptr) return;  // a blocking wait has collected it
  reap(*child, 0);
  if (child->status != status) countUnexpected(Unexpected::childStatus);
  child->status = status;
  child->ended = true;
  closePidFd(*child);
  applySignal(SIGCHLD);
}

void applyPipeInput(int fd, std::span<const std::byte> bytes) {
  ChildPipe* pipe = descriptors.childPipe(fd);
  if (pipe == nullptr) return;
  pipe->input.add(bytes);
  markReady(fd);
  std::byte scratch[4096];  // this replica's own child must not block on a full pipe
  int waiting = 0;
  while (!leadingHere && real().ioctl(fd, FIONREAD, &waiting) == 0 && waiting > 0)
    if (real().read(fd, scratch, sizeof scratch) <= 0) return;
}

void applyPipeEnd(int fd) {
  ChildPipe* pipe = descriptors.childPipe(fd);
  if (pipe == nullptr) return;
  pipe->ended = true;
  markReady(fd);
}

}  // namespace gaia::interpose
