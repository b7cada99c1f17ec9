// SIGTERM and the command `stop`: leadership is handed over first, then the program's own handling goes on.
#pragma once
#include <signal.h>

namespace gaia::interpose {

// Installs GAIA's SIGTERM handler and remembers the program's.
void takeOverTermination();
// The program sets or asks its own SIGTERM handling; it never reaches the kernel while this member is alive.
void exchangeTermination(const struct sigaction* action, struct sigaction* before);
bool terminationTaken();

// Any thread, also in a signal handler.
void beginTermination();
// Readable once termination has begun.
int terminationFd();
// Control thread: stops the member; if the program does not end by its own means, SIGTERM's default ends it.
void terminate();

// Turn thread: the member has stopped; the program's own SIGTERM handling may go on.
void announceDetached();

}  // namespace gaia::interpose
