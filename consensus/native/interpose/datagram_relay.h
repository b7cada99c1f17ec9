// Datagrams that reach a follower: they go on to the leader's service port, and its answers come back. Each client has a socket of
// its own towards the leader, as behind a router that translates addresses, so that the leader can tell clients apart.
#pragma once

namespace gaia::interpose {

// The program's socket `fd`, as long as this member does not lead.
void relayDatagramsOf(int fd);
void stopRelayingDatagramsOf(int fd);

// Once there is a member; and when another may lead.
void startDatagramRelay();
void pokeDatagramRelay();

}  // namespace gaia::interpose
