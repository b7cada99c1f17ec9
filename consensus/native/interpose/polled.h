// Leader: descriptors of the program, other than the log's, that a poll or select waits for. They are registered with the
// kernel for as long as waits name them.
#pragma once
#include <poll.h>

#include <span>

namespace gaia::interpose {

void watchPolled(std::span<const pollfd> list);
bool isPolled(int fd);
// The program has closed it.
void forgetPolled(int fd);

}  // namespace gaia::interpose
