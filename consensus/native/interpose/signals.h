// Signals that the program has a handler for, or waits for itself (taken_signals.h). The leader's kernel delivers one to this library,
// which logs it, and every replica tells the program of it at that entry. What the program sees as blocked is kept here; the kernel
// always delivers.
#pragma once
#include <signal.h>

#include <cstdint>

#include "turn.h"

namespace gaia::interpose {

using SignalSet = std::uint64_t;  // as the kernel numbers them: bit 1 << (number - 1)
constexpr SignalSet bitOf(int signal) { return SignalSet{1} << (signal - 1); }
// Those that can be ordered. What a thread has done itself (SIGSEGV, SIGPIPE) is not the log's, nor are real-time signals, which carry data.
SignalSet toBits(const sigset_t& set);

SignalSet ourSignals();            // the kernel tells this library of them, not the program
bool isOurs(int signal);
bool isOrderedSignal(int signal);  // a handler of it runs in order
bool raisesInOrder(int signal);    // when the program sends it to itself
bool isOnlyTaken(int signal);      // likewise, and no handler would run

// As sigaction(2), for ordered signals and ours.
int exchangeHandler(int signal, const struct sigaction* action, struct sigaction* before);
// As pthread_sigmask(3), and sigpending(2) after the kernel's answer.
int exchangeMask(int how, const sigset_t* set, sigset_t* before);
void addPending(sigset_t* pending);
// The thread that starts the program goes on with the mask that it was started with.
void adoptMask();

// The program waits for these itself from now on.
void takeSignals(SignalSet signals);
// SIGTERM is GAIA's first, from here until the member has stopped.
void guardTermination();

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

// What the log has told and the program has not seen; what of it a handler is for.
SignalSet dueSignals();
SignalSet dueForHandlers();
// The lowest due one of `awaited`, which the program sees now; 0: none.
int takeDueSignal(SignalSet awaited);
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
// Where there is no log: the program is told, or the process ends as the kernel would end it.
void leaveToProgram(int signal);
void endByDefault(int signal);
// In a fork child: handlers and mask are the process's own.
void releaseSignals();

}  // namespace gaia::interpose
