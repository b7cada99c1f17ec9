// The turn thread's cycle: end a turn, obtain the next one as leader or follower, apply it, say what is
// ready.
#pragma once
#include <poll.h>
#include <sys/epoll.h>

#include <cstdint>
#include <span>

#include "../runtime/runtime.h"
#include "output_digest.h"

namespace gaia::interpose {

extern Runtime* runtime;  // null until the program listens on the service port
extern constinit bool leadingHere;
extern constinit OutputDigest outputDigest;  // of the current entry
extern constinit std::uint64_t turnInputBytes;

// What the program waits for: one epoll instance, or a list of descriptors.
struct WaitSet {
  int epollFd = -1;
  std::span<pollfd> list;
};

// The calling thread of the program waits until something of the set is ready or `timeoutMs`, as in poll(2), has passed by
// the log's clock; false: it has (threads.cc).
bool nextTurn(const WaitSet& waitSet, int timeoutMs);
// All threads wait: ends the current turn and returns in the next. True: all waits for events end, whatever is ready.
bool obtainTurn();

// After nextTurn: the ready descriptors in the log's order, as epoll_wait(2) and poll(2) report them.
int deliverEpoll(int epollFd, std::span<epoll_event> events);
int deliverPoll(std::span<pollfd> list);
// True when something the program waits for is ready without any new input.
bool anythingReady(const WaitSet& waitSet);
bool concerns(const WaitSet& waitSet, int fd);

// The program's interest in a descriptor has changed.
void interestChanged(int fd);
void markReady(int fd);

// In the middle of a turn, every callsPerRefresh clock calls: a logged clock refresh.
void refreshClock();
// Leader: nothing may leave the process before everything that was executed is committed.
void ensureCommitted();

// Applies one entry of the log.
void enterEntry(Index index, std::span<const std::byte> payload);

// In a fork child that goes on executing: the entry is not its own any more.
void forgetEntry();

// The member has stopped: from here on the program runs by itself until it ends.
void detach();

}  // namespace gaia::interpose
