// Signals as the kernel delivers them, on any thread at any time.
#include <stdio.h>

#include <cerrno>

#include "children.h"
#include "process.h"
#include "real.h"
#include "signal_state.h"
#include "termination.h"
#include "threads.h"
#include "turns.h"
#include "unexpected.h"

namespace gaia::interpose {

constinit SignalState signalState;

namespace {

void refuse(int signal) {
  char line[160];
  const int bytes = snprintf(line, sizeof line,
                             "gaia: signal %d is not heard: signals count at the leader, and this replica does not lead; send it to the leader "
                             "or to all replicas\n",
                             signal);
  (void)real().write(2, line, static_cast<std::size_t>(bytes));
}

bool isOfOwnMaking(const siginfo_t& information) {
  const bool sent = information.si_code == SI_USER || information.si_code == SI_TKILL || information.si_code == SI_QUEUE;
  return sent && information.si_pid == real().getpid();
}

// The kernel's timers run on every replica; the others' are the leader's before they are theirs.
bool isTimers(const siginfo_t& information) { return information.si_code > 0 || information.si_code == SI_TIMER; }

// A thread has sent it to itself, or to another one by a call that no hook has seen.
void hearOwn(int signal, siginfo_t* information, void* context) {
  const bool runs = has(signalState.handled.load(), signal);
  if (inTurn && (!runs || has(blockedSignals(), signal))) return raiseInOrder(signal);
  if (!inTurn) countUnexpected(Unexpected::signalBetweenThreads);
  if (runs)
    callHandler(signal, information, context);
  else
    announce(signal);
}

void hear(int signal, siginfo_t* information, void* context) {
  if (has(ending, signal)) return beginTermination(signal);
  if (isOfOwnMaking(*information)) return hearOwn(signal, information, context);
  if (signal == SIGCHLD) {
    if (!isLoggedChild(information->si_pid)) callHandler(signal, information, context);
  } else if (leadingHere || isTimers(*information)) {
    announce(signal);
  } else {
    refuse(signal);
  }
}

void hearAlone(int signal, siginfo_t* information, void* context) {
  const bool blocked = inTurn && has(blockedSignals(), signal);
  if (has(signalState.handled.load(), signal) && !blocked) return callHandler(signal, information, context);
  leaveToProgram(signal);
}

void onSignal(int signal, siginfo_t* information, void* context) {
  const int error = errno;
  if (mode() == Mode::replicating)
    hear(signal, information, context);
  else
    hearAlone(signal, information, context);
  errno = error;
}

}  // namespace

void tellKernel(int how, SignalSet bits) {
  sigset_t set;
  sigemptyset(&set);
  addBits(bits, &set);
  real().pthread_sigmask(how, &set, nullptr);
}

void announce(int signal) {
  const std::uint64_t one = 1;
  signalState.heard.fetch_or(bitOf(signal));
  (void)real().write(signalState.readyFd, &one, sizeof one);
}

int takeFromKernel(int signal, const struct sigaction& action) {
  struct sigaction own = action;
  own.sa_sigaction = onSignal;
  own.sa_flags = (action.sa_flags & ~(SA_RESETHAND | SA_NODEFER)) | SA_SIGINFO | SA_RESTART;
  addBits(known, &own.sa_mask);
  signalState.handlers[signal] = action;
  if (isFunction(action)) signalState.handled.fetch_or(bitOf(signal));
  const int result = real().sigaction(signal, &own, nullptr);
  tellKernel(SIG_UNBLOCK, bitOf(signal));
  return result;
}

int giveBack(int signal, const struct sigaction& action) {
  signalState.handlers[signal] = action;
  signalState.handled.fetch_and(~bitOf(signal));
  if (has(signalState.ours(), signal)) return 0;
  signalState.due.fetch_and(~bitOf(signal));
  signalState.heard.fetch_and(~bitOf(signal));
  tellKernel(SIG_BLOCK, blockedSignals() & bitOf(signal));
  return real().sigaction(signal, &action, nullptr);
}

namespace {
void claim(SignalSet signals, std::atomic<SignalSet>& as) {
  const SignalSet fresh = signals & ~signalState.ours();
  as.fetch_or(signals);
  forEach(fresh, [](int signal) {
    struct sigaction current {};
    real().sigaction(signal, nullptr, &current);
    takeFromKernel(signal, current);
  });
  tellKernel(SIG_UNBLOCK, signals);
}
}  // namespace

void takeSignals(SignalSet signals) { claim(signals, signalState.taken); }
void guardTermination() { claim(bitOf(SIGTERM), signalState.guarded); }

void leaveToProgram(int signal) {
  if (has(signalState.handled.load() | signalState.taken.load(), signal))
    signalState.due.fetch_or(bitOf(signal));
  else if (has(ending, signal) && signalState.handlers[signal].sa_handler == SIG_DFL)
    endByDefault(signal);
}

void endByDefault(int signal) {
  struct sigaction fallback {};
  fallback.sa_handler = SIG_DFL;
  real().sigaction(signal, &fallback, nullptr);
  real().kill(real().getpid(), signal);
}

void releaseSignals() {
  const SignalSet own = signalState.ours();
  signalState.forget();
  tellKernel(SIG_BLOCK, blockedSignals() & own);
  forEach(own, [](int signal) { real().sigaction(signal, &signalState.handlers[signal], nullptr); });
}

}  // namespace gaia::interpose
