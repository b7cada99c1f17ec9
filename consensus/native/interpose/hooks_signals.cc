// Hooks: handlers of signals, masks, and waits for signals.
#include <signal.h>
#include <sys/signalfd.h>

#include <cerrno>

#include "clock.h"
#include "descriptors.h"
#include "process.h"
#include "program_numbers.h"
#include "real.h"
#include "signals.h"
#include "taken_signals.h"
#include "threads.h"

using namespace gaia::interpose;

namespace {

int exchange(int signal, const struct sigaction* action, struct sigaction* before) {
  const bool carried = isOrderedSignal(signal) || isOurs(signal);
  return carried ? exchangeHandler(signal, action, before) : real().sigaction(signal, action, before);
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

// A wait in the kernel, beside the order.
void leaveOrder() {
  if (inTurn && manyThreads()) goAway();
}

SignalSet carried(const sigset_t* set) { return inOrder() ? takenInOrder(*set) : 0; }

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

GAIA_HOOK int sigpending(sigset_t* pending) noexcept {
  const int result = real().sigpending(pending);
  if (result == 0 && inOrder()) addPending(pending);
  return result;
}

// Whichever thread waits for it may take it.
GAIA_HOOK int pthread_kill(pthread_t thread, int signal) noexcept {
  if (!inOrder() || mode() != Mode::replicating || !isOnlyTaken(signal)) return real().pthread_kill(thread, signal);
  raiseInOrder(signal);
  return 0;
}

GAIA_HOOK int pause() {
  if (ownsPause()) return awaitHandler(nullptr);
  leaveOrder();
  return real().pause();
}

GAIA_HOOK int sigsuspend(const sigset_t* mask) {
  if (ownsPause()) return awaitHandler(mask);
  leaveOrder();
  return real().sigsuspend(mask);
}

GAIA_HOOK int sigtimedwait(const sigset_t* set, siginfo_t* information, const timespec* timeout) {
  const SignalSet awaited = carried(set);
  const bool waits = timeout == nullptr || toNs(*timeout) > 0;
  if (awaited != 0 && !waits) return pollSignal(awaited, information);
  if (awaited != 0) return awaitSignal(awaited, timeout == nullptr ? Deadline{} : afterNs(toNs(*timeout)), information);
  if (waits) leaveOrder();
  return real().sigtimedwait(set, information, timeout);
}

GAIA_HOOK int sigwaitinfo(const sigset_t* set, siginfo_t* information) { return sigtimedwait(set, information, nullptr); }

// Handlers of other signals do not end it.
GAIA_HOOK int sigwait(const sigset_t* set, int* signal) {
  int result;
  do result = sigtimedwait(set, nullptr, nullptr);
  while (result < 0 && errno == EINTR);
  if (result < 0) return errno;
  *signal = result;
  return 0;
}

GAIA_HOOK int signalfd(int fd, const sigset_t* set, int flags) noexcept {
  const int result = fd >= 0 ? real().signalfd(fd, set, flags) : openedInOrder([=] { return real().signalfd(-1, set, flags); });
  const SignalSet signals = result >= 0 && descriptors.inRange(result) ? carried(set) : 0;
  if (signals == 0) return result;
  OutsideTurn outside;
  setSignalDescriptor(result, signals);
  return result;
}
