// Any replica's address works: on followers a thread accepts the clients and relays their bytes to the
// leader.
#pragma once

namespace gaia::interpose {

void startForwarder();
// Looks again who leads. Any thread.
void pokeForwarder();
// The set of listeners has changed. Turn thread.
void forwardListener(int listenerFd);
// The program closes `from`; the listener goes on by another number, or (-1) not at all.
void forwardInstead(int from, int to);

}  // namespace gaia::interpose
