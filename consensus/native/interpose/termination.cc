#include "termination.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <atomic>
#include <cerrno>

#include "clock.h"
#include "process.h"
#include "real.h"
#include "turns.h"

namespace gaia::interpose {

namespace {

constexpr int detachLimitMs = 5000;  // a turn that runs longer than this is cut off

constinit int beginFd = -1;
constinit std::atomic<bool> taken{false};
constinit std::atomic<bool> detached{false};
struct sigaction programAction;  // the program's own handling of SIGTERM

void onTerminate(int) { beginTermination(); }

void endByDefault() {
  struct sigaction fallback {};
  fallback.sa_handler = SIG_DFL;
  real().sigaction(SIGTERM, &fallback, nullptr);
  real().kill(real().getpid(), SIGTERM);
}

void pauseMs(int ms) { real().poll(nullptr, 0, ms); }

}  // namespace

void takeOverTermination() {
  beginFd = moveAboveFloor(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  struct sigaction ours {};
  ours.sa_handler = onTerminate;
  sigfillset(&ours.sa_mask);
  ours.sa_flags = SA_RESTART;
  real().sigaction(SIGTERM, &ours, &programAction);
  taken.store(true);
}

bool terminationTaken() { return taken.load(std::memory_order_relaxed); }

void exchangeTermination(const struct sigaction* action, struct sigaction* before) {
  const struct sigaction current = programAction;
  if (action != nullptr) programAction = *action;
  if (before != nullptr) *before = current;
}

void beginTermination() {
  const int error = errno;
  const std::uint64_t one = 1;
  (void)real().write(beginFd, &one, sizeof one);
  errno = error;
}

int terminationFd() { return beginFd; }

void terminate() {
  std::uint64_t count;
  (void)real().read(beginFd, &count, sizeof count);
  if (detached.load()) return endByDefault();  // asked a second time
  runtime->stop();
  for (int waitedMs = 0; waitedMs < detachLimitMs && !detached.load(); waitedMs += 10) pauseMs(10);
  if (!detached.load()) endByDefault();
}

void announceDetached() {
  taken.store(false);
  real().sigaction(SIGTERM, &programAction, nullptr);
  detached.store(true);
  real().kill(real().getpid(), SIGTERM);
}

}  // namespace gaia::interpose
