// The program's threads. They share its memory, so one runs at a time: who holds the *turn token*. A thread that would wait
// hands the token to the next one of the schedule; when all wait, the turn is over. One of them then conducts: it obtains
// the next turn for all.
#pragma once
#include <poll.h>
#include <pthread.h>

#include <vector>

#include "process.h"
#include "schedule.h"
#include "turn.h"

namespace gaia::interpose {

struct WaitSet;

// The thread that starts the program holds the token.
void startThreads();
// In a fork child that goes on as the program: there are no other threads.
void forgetOtherThreads();
// In a fork child that does not.
void forgetThreads();

// True on a thread that the program created.
bool isWorker();
bool manyThreads();

// A thread of the program that runs beside the holder of the token, because it was somewhere where it could not be ordered.
extern constinit thread_local bool threadAway;
void comeBack();
// This process began by a fork that no hook has seen (children.cc).
void becomeUnseenChild();
// What hooks ask that order threads: does the program's own code run here, in its turn?
inline bool inOrder() {
  if (threadAway) [[unlikely]]
    comeBack();
  if (inTurn && mode() == Mode::inert) [[unlikely]]
    becomeUnseenChild();
  return inTurn;
}

int createThread(pthread_t* thread, const pthread_attr_t* attributes, void* (*run)(void*), void* argument);
// Waits until `thread` has ended; what the C library does then does not wait.
void awaitThreadEnd(pthread_t thread);

// The caller waits, others run. False: the deadline has come.
bool waitInOrder(const void* cause, const Deadline& deadline);
// Likewise, until a signal of `awaited` (signals.h) is due.
bool waitForSignal(std::uint64_t awaited, const Deadline& deadline);
void letOthersRun();
// The caller does something that may take any time and that no replica can order. It comes back by itself.
void goAway();

// Ordered signals that the calling thread blocks (signals.h).
std::uint64_t& blockedSignals();

void wakeOneWaiter(const void* cause);
void wakeAllWaiters(const void* cause);
void wakeSignalTakers();
// Something made `fd` ready in the middle of a turn: who waits for it need not wait for the next.
void becameReady(int fd);
// Whether a program's thread has the kernel's number `kernelId`.
bool isProgramThread(pid_t kernelId);

bool awaitsDatagrams(const WaitSet& waitSet);

// For the thread that conducts: what all wait for.
bool anyWaiterReady();
void wakeForSignals();  // under the lock
std::vector<pollfd> polledByWaiters();
int waitersLeftMs(const ClockReading& now);

// Threads that are back: the leader logs it, all replicas let them run from there on.
void collectReturned(TurnWriter& writer);
void admitReturned(int thread);
int returnedFd();  // readable when a thread is back
void drainReturned();

Deadline afterMs(int timeoutMs);  // as in poll(2)
Deadline afterNs(std::uint64_t ns);

}  // namespace gaia::interpose
