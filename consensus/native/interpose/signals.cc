#include "signals.h"

#include <sys/eventfd.h>

#include <cerrno>
#include <utility>

#include "process.h"
#include "real.h"
#include "signal_state.h"
#include "taken_signals.h"
#include "threads.h"
#include "turns.h"
#include "unexpected.h"

namespace gaia::interpose {

namespace {

constinit thread_local bool interrupted __attribute__((tls_model("initial-exec"))) = false;
constinit thread_local bool endsCall __attribute__((tls_model("initial-exec"))) = false;

// Only what the log says of it: it is equal on all replicas.
void runHandler(int signal) {
  siginfo_t information{};
  information.si_signo = signal;
  information.si_code = SI_USER;
  static char context[2048];
  const SignalSet before = blockedSignals();
  const struct sigaction& action = signalState.handlers[signal];
  blockedSignals() |= toBits(action.sa_mask) | ((action.sa_flags & SA_NODEFER) != 0 ? 0 : bitOf(signal));
  callHandler(signal, &information, context);
  blockedSignals() = before;
}

void changeMask(int how, SignalSet named) {
  if (how == SIG_BLOCK) blockedSignals() |= named;
  if (how == SIG_UNBLOCK) blockedSignals() &= ~named;
  if (how == SIG_SETMASK) blockedSignals() = named;
}

}  // namespace

void callHandler(int signal, siginfo_t* information, void* context) {
  struct sigaction& kept = signalState.handlers[signal];
  const struct sigaction action = kept;
  if (!isFunction(action)) return;
  if ((action.sa_flags & SA_RESETHAND) != 0) kept.sa_handler = SIG_DFL, kept.sa_flags = 0;
  if ((action.sa_flags & SA_SIGINFO) != 0)
    action.sa_sigaction(signal, information, context);
  else
    action.sa_handler(signal);
  interrupted = true;
  endsCall = (action.sa_flags & SA_RESTART) == 0;
}

SignalSet toBits(const sigset_t& set) {
  SignalSet bits = 0;
  forEach(known, [&](int signal) {
    if (sigismember(&set, signal) == 1) bits |= bitOf(signal);
  });
  return bits;
}

SignalSet ourSignals() { return signalState.ours(); }
bool isOurs(int signal) { return signal > 0 && signal < NSIG && has(signalState.ours(), signal); }
bool isOrderedSignal(int signal) { return signal > 0 && signal < NSIG && has(ordered, signal); }
bool raisesInOrder(int signal) { return isOurs(signal) && !has(ending, signal); }
bool isOnlyTaken(int signal) { return raisesInOrder(signal) && !has(signalState.handled.load(), signal); }

int exchangeHandler(int signal, const struct sigaction* action, struct sigaction* before) {
  struct sigaction current {};
  if (isOurs(signal))
    current = signalState.handlers[signal];
  else
    real().sigaction(signal, nullptr, &current);
  int result = 0;
  if (action != nullptr) result = isFunction(*action) ? takeFromKernel(signal, *action) : giveBack(signal, *action);
  if (before != nullptr) *before = current;
  return result;
}

int exchangeMask(int how, const sigset_t* set, sigset_t* before) {
  const SignalSet own = signalState.ours(), blocked = blockedSignals();
  sigset_t forKernel;
  if (set != nullptr) {
    const SignalSet named = toBits(*set);  // before `before` is written, which may be the same
    forKernel = *set;
    removeBits(own, &forKernel);
    changeMask(how, named);
  }
  const int result = real().pthread_sigmask(how, set == nullptr ? nullptr : &forKernel, before);
  if (before != nullptr) removeBits(own, before), addBits(blocked & own, before);
  runHandlers();
  return result;
}

void addPending(sigset_t* pending) {
  removeBits(signalState.ours(), pending);
  addBits(signalState.due.load() & blockedSignals(), pending);
}

void adoptMask() {
  sigset_t mask;
  real().pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  blockedSignals() = toBits(mask);
}

MaskedWait::MaskedWait(const sigset_t* mask) : before_(blockedSignals()), changed_(mask != nullptr) {
  if (!changed_) return;
  blockedSignals() = toBits(*mask);
  wasInterrupted();
  runHandlers();
  interrupted_ = wasInterrupted();
}

MaskedWait::~MaskedWait() {
  if (changed_) blockedSignals() = before_;
}

SignalSet dueSignals() { return signalState.due.load(std::memory_order_relaxed); }
SignalSet dueForHandlers() { return dueSignals() & signalState.handled.load(std::memory_order_relaxed); }

int takeDueSignal(SignalSet awaited) {
  const SignalSet now = dueSignals() & awaited;
  if (now == 0) return 0;
  const int signal = __builtin_ctzll(now) + 1;
  signalState.due.fetch_and(~bitOf(signal));
  return signal;
}

void runHandlers() {
  while (const SignalSet now = dueForHandlers() & ~blockedSignals()) {
    const int signal = __builtin_ctzll(now) + 1;
    signalState.due.fetch_and(~bitOf(signal));
    const bool before = inTurn;
    const int error = errno;
    inTurn = true;
    runHandler(signal);
    inTurn = before;
    errno = error;
  }
}

bool wasInterrupted() { return std::exchange(interrupted, false); }
bool endsCalls() { return std::exchange(endsCall, false); }

void raiseInOrder(int signal) {
  signalState.due.fetch_or(bitOf(signal));
  signalCame(signal);
  runHandlers();
}

int signalsFd() {
  if (signalState.readyFd < 0) signalState.readyFd = moveAboveFloor(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  return signalState.readyFd;
}

void collectSignals(TurnWriter& writer) {
  if (signalState.heard.load(std::memory_order_relaxed) == 0) [[likely]]
    return;
  std::uint64_t count;
  (void)real().read(signalState.readyFd, &count, sizeof count);
  forEach(signalState.heard.exchange(0), [&writer](int signal) {
    if (!writer.add(RecordKind::signal, signal, 0)) announce(signal);
  });
}

void applySignal(int signal) {
  if (signal <= 0 || signal >= NSIG) return countUnexpected(Unexpected::turnOrder);
  if (!leadingHere) signalState.heard.fetch_and(~bitOf(signal));
  if (isOurs(signal)) signalState.due.fetch_or(bitOf(signal));
}

// A child may have ended before the record of that, which does not come any more.
void keepHeardSignals() {
  const SignalSet ofChildren = signalState.ours() & bitOf(SIGCHLD);
  signalState.due.fetch_or(signalState.heard.exchange(0) | ofChildren);
}

}  // namespace gaia::interpose
