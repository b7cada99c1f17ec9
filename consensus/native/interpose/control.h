// The control channel to the executor (ARCHITECTURE.md), the roles' changes and the end of the process.
#pragma once

namespace gaia::interpose {

// Moves descriptor 3 out of the program's way. Before the program runs.
void takeControlChannel();
// Says hello, starts the thread that reports states and obeys commands, takes over SIGTERM.
void startControl();

// Turn thread: this member leads now, or no longer.
void announceRole();

}  // namespace gaia::interpose
