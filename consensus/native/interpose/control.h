// The control channel to the executor (ARCHITECTURE.md), the roles' changes and the end of the process.
#pragma once
#include "../runtime/runtime.h"

namespace gaia::interpose {

// Moves descriptor 3 out of the program's way. Before the program runs.
void takeControlChannel();
// Says hello, starts the thread that reports states and obeys commands, takes over SIGTERM.
void startControl();

// A snapshot is on its way to this member, which has not started yet.
void reportJoining(const Joining& joining);

// Turn thread: this member leads now, or no longer.
void announceRole();

}  // namespace gaia::interpose
