#pragma once

namespace gaia::interpose {

// The program listens at `fd`: if that is the service port, the descriptor becomes a listener of the log, and
// the first time the member starts. Called after the real listen(2).
void listenOn(int fd);
// A socket was bound, and copied: those for datagrams at the service port are the log's.
void boundTo(int fd);
// There is no listen() for datagrams: the member starts when the program first waits for them.
void startByDatagrams();

}  // namespace gaia::interpose
