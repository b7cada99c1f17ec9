// Signals that the program has a handler for. The leader's kernel delivers one to this library, which logs it, and every replica runs
// its handler at that entry: when a thread that does not block the signal comes out of a wait. What the program sees as blocked
// is kept here; the kernel always delivers.
#pragma once
#include <signal.h>

#include <cstdint>

#include "turn.h"

namespace gaia::interpose {

// Bit 1 << number. Those that tell a program something; what ends it (SIGINT, SIGQUIT) or what it has done itself (SIGSEGV) is not the log's.
using SignalSet = std::uint64_t;
bool isOrderedSignal(int signal);
bool handlesSignal(int signal);  // the program has a handler for it, which this library calls

// As sigaction(2), for ordered signals.
int exchangeHandler(int signal, const struct sigaction* action, struct sigaction* before);
// As pthread_sigmask(3).
int exchangeMask(int how, const sigset_t* set, sigset_t* before);

// A thread of the program waits with another mask.
class MaskedWait {
 public:
  explicit MaskedWait(const sigset_t* mask);  // null: its own
  ~MaskedWait();
  MaskedWait(const MaskedWait&) = delete;
  MaskedWait& operator=(const MaskedWait&) = delete;
  // Runs the handlers of what had come before, and ends the wait before it begins.
  bool interrupted() const { return interrupted_; }

 private:
  SignalSet before_;
  bool changed_, interrupted_ = false;
};

// What the log has told and no handler has been run for.
SignalSet dueSignals();
// Runs the handlers of what is due and not blocked, on the calling thread.
void runHandlers();
// Since it was last asked: a handler has run on this thread; and it does not let calls go on (SA_RESTART).
bool wasInterrupted();
bool endsCalls();

void raiseInOrder(int signal);

// Leader.
int signalsFd();  // readable when there is one to log
void collectSignals(TurnWriter& writer);
// Every replica, from the log.
void applySignal(int signal);

// The member has stopped: what was heard is due, and what comes from here on is handled where it comes.
void keepHeardSignals();
// In a fork child: handlers and mask are the process's own.
void releaseSignals();

}  // namespace gaia::interpose
