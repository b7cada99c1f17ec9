// Connections the leader has accepted from the kernel and the program has not accepted from the log yet.
#pragma once
#include "turn.h"

namespace gaia::interpose {

// Accepts what waits at the listener; each becomes a record, its real socket is kept for takeIncoming().
void acceptWaiting(TurnWriter& writer, int listenerFd);
// The real socket of the next `accepted` record; -1 on followers.
int takeIncoming();
void dropIncoming(int realFd);
// Leadership is lost: also those that wait in the listeners' queues.
void dropAllIncoming();

}  // namespace gaia::interpose
