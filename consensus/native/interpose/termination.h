// SIGTERM and the command `stop`: leadership is handed over first, then the program's own handling goes on. SIGINT and SIGQUIT of a
// program that waits for them itself are treated likewise: they end one replica.
#pragma once

namespace gaia::interpose {

// From here on SIGTERM is GAIA's first.
void takeOverTermination();

// Any thread, also in a signal handler. `signal` is what the program will be told.
void beginTermination(int signal);
// Readable once termination has begun.
int terminationFd();
// Control thread: stops the member; if the program does not end by its own means, SIGTERM's default ends it.
void terminate();

// Turn thread: the member has stopped; the program's own handling may go on.
void announceDetached();

}  // namespace gaia::interpose
