#include "termination.h"

#include <signal.h>
#include <sys/eventfd.h>

#include <atomic>
#include <cerrno>

#include "process.h"
#include "real.h"
#include "signals.h"
#include "turns.h"

namespace gaia::interpose {

namespace {

constexpr int detachLimitMs = 5000;  // a turn that runs longer than this is cut off

constinit int beginFd = -1;
constinit std::atomic<int> asked{SIGTERM};
constinit std::atomic<bool> detached{false};

void pauseMs(int ms) { real().poll(nullptr, 0, ms); }

}  // namespace

void takeOverTermination() {
  beginFd = moveAboveFloor(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  guardTermination();
}

void beginTermination(int signal) {
  const int error = errno;
  const std::uint64_t one = 1;
  asked.store(signal);
  (void)real().write(beginFd, &one, sizeof one);
  errno = error;
}

int terminationFd() { return beginFd; }

void terminate() {
  std::uint64_t count;
  (void)real().read(beginFd, &count, sizeof count);
  if (detached.load()) return endByDefault(SIGTERM);  // asked a second time
  runtime->stop();
  for (int waitedMs = 0; waitedMs < detachLimitMs && !detached.load(); waitedMs += 10) pauseMs(10);
  if (!detached.load()) endByDefault(SIGTERM);
}

void announceDetached() {
  detached.store(true);
  leaveToProgram(asked.load());
}

}  // namespace gaia::interpose
