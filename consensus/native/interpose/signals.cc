#include "signals.h"

#include <stdio.h>
#include <sys/eventfd.h>

#include <atomic>
#include <cerrno>
#include <utility>

#include "children.h"
#include "process.h"
#include "real.h"
#include "threads.h"
#include "turns.h"
#include "unexpected.h"

namespace gaia::interpose {

namespace {

constexpr int orderedSignals[] = {SIGHUP, SIGUSR1, SIGUSR2, SIGALRM, SIGWINCH, SIGCHLD};
constexpr SignalSet bitOf(int signal) { return SignalSet{1} << signal; }

constinit struct sigaction handlers[NSIG] = {};  // the program's, of signals in `handled`
constinit std::atomic<SignalSet> handled{0};
constinit std::atomic<SignalSet> heard{0};  // by this process, and not in the log
constinit std::atomic<SignalSet> due{0};
constinit int readyFd = -1;

constinit thread_local bool interrupted __attribute__((tls_model("initial-exec"))) = false;
constinit thread_local bool endsCall __attribute__((tls_model("initial-exec"))) = false;

bool isFunction(const struct sigaction& action) {
  return (action.sa_flags & SA_SIGINFO) != 0 || (action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN);
}

SignalSet toBits(const sigset_t& set) {
  SignalSet bits = 0;
  for (const int signal : orderedSignals)
    if (sigismember(&set, signal) == 1) bits |= bitOf(signal);
  return bits;
}

void addBits(SignalSet bits, sigset_t* set) {
  for (const int signal : orderedSignals)
    if ((bits & bitOf(signal)) != 0) sigaddset(set, signal);
}

void removeBits(SignalSet bits, sigset_t* set) {
  for (const int signal : orderedSignals)
    if ((bits & bitOf(signal)) != 0) sigdelset(set, signal);
}

void tellKernel(int how, SignalSet bits) {
  sigset_t set;
  sigemptyset(&set);
  addBits(bits, &set);
  real().pthread_sigmask(how, &set, nullptr);
}

void callHandler(int signal, siginfo_t* information, void* context) {
  const struct sigaction action = handlers[signal];
  if (!isFunction(action)) return;
  if ((action.sa_flags & SA_RESETHAND) != 0) handlers[signal].sa_handler = SIG_DFL, handlers[signal].sa_flags = 0;
  if ((action.sa_flags & SA_SIGINFO) != 0)
    action.sa_sigaction(signal, information, context);
  else
    action.sa_handler(signal);
  interrupted = true;
  endsCall = (action.sa_flags & SA_RESTART) == 0;
}

// Only what the log says of it: it is equal on all replicas.
void runHandler(int signal) {
  siginfo_t information{};
  information.si_signo = signal;
  information.si_code = SI_USER;
  static char context[2048];
  const SignalSet before = blockedSignals();
  const struct sigaction& action = handlers[signal];
  blockedSignals() |= toBits(action.sa_mask) | ((action.sa_flags & SA_NODEFER) != 0 ? 0 : bitOf(signal));
  callHandler(signal, &information, context);
  blockedSignals() = before;
}

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

void announce(int signal) {
  const std::uint64_t one = 1;
  heard.fetch_or(bitOf(signal));
  (void)real().write(readyFd, &one, sizeof one);
}

// The kernel's timers run on every replica; the others' are the leader's before they are theirs.
bool isTimers(const siginfo_t& information) { return information.si_code > 0 || information.si_code == SI_TIMER; }

void hear(int signal, siginfo_t* information, void* context) {
  if (isOfOwnMaking(*information)) {
    if (!inTurn) countUnexpected(Unexpected::signalBetweenThreads);
    return callHandler(signal, information, context);
  }
  if (signal == SIGCHLD) {
    if (!isLoggedChild(information->si_pid)) callHandler(signal, information, context);
  } else if (leadingHere || isTimers(*information)) {
    announce(signal);
  } else {
    refuse(signal);
  }
}

void onSignal(int signal, siginfo_t* information, void* context) {
  const int error = errno;
  if (mode() == Mode::replicating)
    hear(signal, information, context);
  else if (inTurn && (blockedSignals() & bitOf(signal)) != 0)
    due.fetch_or(bitOf(signal));
  else
    callHandler(signal, information, context);
  errno = error;
}

int install(int signal, const struct sigaction& action) {
  struct sigaction ours = action;
  ours.sa_sigaction = onSignal;
  ours.sa_flags = (action.sa_flags & ~(SA_RESETHAND | SA_NODEFER)) | SA_SIGINFO | SA_RESTART;
  for (const int other : orderedSignals) sigaddset(&ours.sa_mask, other);
  handlers[signal] = action;
  sigset_t blocked;
  real().pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
  if (sigismember(&blocked, signal) == 1) blockedSignals() |= bitOf(signal);
  handled.fetch_or(bitOf(signal));
  const int result = real().sigaction(signal, &ours, nullptr);
  tellKernel(SIG_UNBLOCK, bitOf(signal));
  return result;
}

int giveBack(int signal, const struct sigaction& action) {
  handled.fetch_and(~bitOf(signal));
  due.fetch_and(~bitOf(signal));
  heard.fetch_and(~bitOf(signal));
  tellKernel(SIG_BLOCK, blockedSignals() & bitOf(signal));
  blockedSignals() &= ~bitOf(signal);
  return real().sigaction(signal, &action, nullptr);
}

}  // namespace

bool isOrderedSignal(int signal) {
  for (const int one : orderedSignals)
    if (one == signal) return true;
  return false;
}

bool handlesSignal(int signal) { return (handled.load() & bitOf(signal)) != 0; }

int exchangeHandler(int signal, const struct sigaction* action, struct sigaction* before) {
  struct sigaction current {};
  if (handlesSignal(signal))
    current = handlers[signal];
  else
    real().sigaction(signal, nullptr, &current);
  int result = 0;
  if (action != nullptr) result = isFunction(*action) ? install(signal, *action) : giveBack(signal, *action);
  if (before != nullptr) *before = current;
  return result;
}

int exchangeMask(int how, const sigset_t* set, sigset_t* before) {
  const SignalSet ours = handled.load(), blocked = blockedSignals();
  sigset_t forKernel;
  if (set != nullptr) {
    const SignalSet named = toBits(*set) & ours;
    forKernel = *set;
    removeBits(ours, &forKernel);
    if (how == SIG_BLOCK) blockedSignals() |= named;
    if (how == SIG_UNBLOCK) blockedSignals() &= ~named;
    if (how == SIG_SETMASK) blockedSignals() = named;
  }
  const int result = real().pthread_sigmask(how, set == nullptr ? nullptr : &forKernel, before);
  if (before != nullptr) addBits(blocked, before);
  runHandlers();
  return result;
}

MaskedWait::MaskedWait(const sigset_t* mask) : before_(blockedSignals()), changed_(mask != nullptr) {
  if (!changed_) return;
  blockedSignals() = toBits(*mask) & handled.load();
  wasInterrupted();
  runHandlers();
  interrupted_ = wasInterrupted();
}

MaskedWait::~MaskedWait() {
  if (changed_) blockedSignals() = before_;
}

SignalSet dueSignals() { return due.load(std::memory_order_relaxed); }

void runHandlers() {
  while (const SignalSet now = dueSignals() & ~blockedSignals()) {
    const int signal = __builtin_ctzll(now);
    due.fetch_and(~bitOf(signal));
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
  due.fetch_or(bitOf(signal));
  runHandlers();
}

int signalsFd() {
  if (readyFd < 0) readyFd = moveAboveFloor(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  return readyFd;
}

void collectSignals(TurnWriter& writer) {
  if (heard.load(std::memory_order_relaxed) == 0) [[likely]]
    return;
  std::uint64_t count;
  (void)real().read(readyFd, &count, sizeof count);
  const SignalSet now = heard.exchange(0);
  for (const int signal : orderedSignals)
    if ((now & bitOf(signal)) != 0 && !writer.add(RecordKind::signal, signal, 0)) announce(signal);
}

void applySignal(int signal) {
  if (signal <= 0 || signal >= NSIG) return countUnexpected(Unexpected::turnOrder);
  if (!leadingHere) heard.fetch_and(~bitOf(signal));
  if (handlesSignal(signal)) due.fetch_or(bitOf(signal));
}

void keepHeardSignals() { due.fetch_or(heard.exchange(0)); }

void releaseSignals() {
  const SignalSet ours = handled.exchange(0);
  due.store(0);
  heard.store(0);
  tellKernel(SIG_BLOCK, blockedSignals() & ours);
  for (const int signal : orderedSignals)
    if ((ours & bitOf(signal)) != 0) real().sigaction(signal, &handlers[signal], nullptr);
}

}  // namespace gaia::interpose
