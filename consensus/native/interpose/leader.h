// The leader's side of a turn: what the kernel reports becomes one entry of the log.
#pragma once
#include <cstdint>

#include "clock.h"
#include "descriptors.h"
#include "turns.h"

namespace gaia::interpose {

// When the program's wait ends at the latest, measured from the clock that the program saw when it asked.
class TurnDeadline {
 public:
  explicit TurnDeadline(int timeoutMs);
  // Leader, for epoll_wait(2): -1 = no deadline.
  int leftMs() const;
  // By the clock of the current turn, alike on every replica.
  bool passed() const { return !endless_ && programClock.now.monotonicNs >= deadlineNs_; }

 private:
  bool endless_;
  std::uint64_t deadlineNs_ = 0;
};

// Collects, proposes and enters one turn. False: nothing happened yet, or leadership is lost; look again.
bool leaderTurn(const WaitSet& waitSet, const TurnDeadline& deadline);

void startLeading();
// Closes the real sockets of all clients; the program's descriptors stay until the log ends them.
void stopLeading();

// Starts to report events of a real descriptor to the leader's turns.
void watchConnection(Connection& connection);
void watchListener(const Listener& listener);
void watchPipe(int fd);
void watchChild(int pidFd, int virtualPid);
void watchProgramDescriptor(int fd, std::uint32_t events);

}  // namespace gaia::interpose
