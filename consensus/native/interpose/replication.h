#pragma once

namespace gaia::interpose {

// The program listens at `fd`: if that is the service port, the descriptor becomes a listener of the log, and
// the first time the member starts. Called after the real listen(2).
void listenOn(int fd);

}  // namespace gaia::interpose
