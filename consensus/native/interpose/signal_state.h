// What the files of signals share.
#pragma once
#include <signal.h>

#include <atomic>

#include "signals.h"

namespace gaia::interpose {

template <typename... Signals>
constexpr SignalSet bitsOf(Signals... signals) {
  return (bitOf(signals) | ...);
}

// By handlers and by waits; the others that are known by waits only.
constexpr SignalSet ordered = bitsOf(SIGHUP, SIGUSR1, SIGUSR2, SIGALRM, SIGWINCH, SIGCHLD);
constexpr SignalSet ending = bitsOf(SIGTERM, SIGINT, SIGQUIT);  // one replica's own when the program waits for them
constexpr SignalSet known =
    ordered | ending | bitsOf(SIGCONT, SIGTSTP, SIGTTIN, SIGTTOU, SIGURG, SIGVTALRM, SIGPROF, SIGIO, SIGPWR);

struct SignalState {
  struct sigaction handlers[NSIG] = {};  // the program's, of signals that are ours
  std::atomic<SignalSet> handled{0};
  std::atomic<SignalSet> taken{0};    // the program has waited for them itself
  std::atomic<SignalSet> guarded{0};  // SIGTERM
  std::atomic<SignalSet> heard{0};    // by this process, and not in the log
  std::atomic<SignalSet> due{0};      // told by the log, and not seen by the program
  int readyFd = -1;                   // readable when something was heard

  void forget() {
    for (auto* set : {&handled, &taken, &guarded, &heard, &due}) set->store(0);
  }
  SignalSet ours() const { return handled.load() | taken.load() | guarded.load(); }
};
extern constinit SignalState signalState;

inline bool has(SignalSet signals, int signal) { return (signals & bitOf(signal)) != 0; }

template <typename Do>
void forEach(SignalSet signals, Do act) {
  for (; signals != 0; signals &= signals - 1) act(__builtin_ctzll(signals) + 1);
}

inline bool isFunction(const struct sigaction& action) {
  return (action.sa_flags & SA_SIGINFO) != 0 || (action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN);
}

inline void addBits(SignalSet bits, sigset_t* set) {
  forEach(bits, [set](int signal) { sigaddset(set, signal); });
}

inline void removeBits(SignalSet bits, sigset_t* set) {
  forEach(bits, [set](int signal) { sigdelset(set, signal); });
}

// The calling thread's mask in the kernel.
void tellKernel(int how, SignalSet bits);
// From here on the kernel delivers it to this library, on this thread at the least.
int takeFromKernel(int signal, const struct sigaction& action);
// What the program does not handle is the kernel's again, unless it is waited for.
int giveBack(int signal, const struct sigaction& action);
// Heard here: the leader will log it.
void announce(int signal);
void callHandler(int signal, siginfo_t* information, void* context);

}  // namespace gaia::interpose
