// Hooks: handlers of signals, masks, and waits for signals.
#include <signal.h>

#include <cerrno>

#include "clock.h"
#include "process.h"
#include "real.h"
#include "signals.h"
#include "termination.h"
#include "threads.h"

using namespace gaia::interpose;

namespace {

bool isOurTermination(int signal) {
  return signal == SIGTERM && terminationTaken() && mode() == Mode::replicating;
}

int exchange(int signal, const struct sigaction* action, struct sigaction* before) {
  if (isOurTermination(signal)) return exchangeTermination(action, before), 0;
  return isOrderedSignal(signal) ? exchangeHandler(signal, action, before) : real().sigaction(signal, action, before);
}

// Until a handler has run.
int awaitHandler(const sigset_t* mask) {
  const MaskedWait masked(mask);
  wasInterrupted();
  while (!masked.interrupted() && mode() == Mode::replicating) {
    waitInOrder(&programClock, {});  // as a sleep without an end
    if (wasInterrupted()) break;
  }
  errno = EINTR;
  return -1;
}

bool ownsPause() { return inOrder() && mode() == Mode::replicating; }

}  // namespace

GAIA_HOOK int sigaction(int signal, const struct sigaction* action, struct sigaction* before) noexcept {
  return inOrder() ? exchange(signal, action, before) : real().sigaction(signal, action, before);
}

GAIA_HOOK sighandler_t signal(int number, sighandler_t handler) noexcept {
  if (!inOrder()) return real().signal(number, handler);
  struct sigaction action {
  }, before{};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  return exchange(number, &action, &before) == 0 ? before.sa_handler : SIG_ERR;
}

GAIA_HOOK int pthread_sigmask(int how, const sigset_t* set, sigset_t* before) noexcept {
  return inOrder() ? exchangeMask(how, set, before) : real().pthread_sigmask(how, set, before);
}

GAIA_HOOK int sigprocmask(int how, const sigset_t* set, sigset_t* before) noexcept {
  const int error = pthread_sigmask(how, set, before);
  if (error == 0) return 0;
  errno = error;
  return -1;
}

GAIA_HOOK int pause() {
  if (ownsPause()) return awaitHandler(nullptr);
  if (inTurn && manyThreads()) goAway();
  return real().pause();
}

GAIA_HOOK int sigsuspend(const sigset_t* mask) {
  if (ownsPause()) return awaitHandler(mask);
  if (inTurn && manyThreads()) goAway();
  return real().sigsuspend(mask);
}
