// The leader's side of a turn: what the kernel reports becomes one entry of the log.
#pragma once

#include "descriptors.h"
#include "turns.h"

namespace gaia::interpose {

// Collects, proposes and enters one turn. False: nothing happened yet, or leadership is lost; look again.
bool leaderTurn();

void startLeading();
// Closes the real sockets of all clients; the program's descriptors stay until the log ends them.
void stopLeading();

// Starts to report events of a real descriptor to the leader's turns.
void watchConnection(Connection& connection);
// The log calls it by another of its numbers from here on.
void renameConnection(Connection& connection);
void watchListener(const Listener& listener);
void watchChild(int pidFd, int virtualPid);
void watchProgramDescriptor(int fd, std::uint32_t events);

}  // namespace gaia::interpose
