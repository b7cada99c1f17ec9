// Leader, and all before there is a log: descriptors of the program, other than the log's, that a poll or select waits for. They are registered with the
// kernel for as long as waits name them.
#pragma once
#include <poll.h>

#include <span>

namespace gaia::interpose {

void watchPolled(std::span<const pollfd> list);
// Likewise pipes of the program: those that it reads without waiting, and those that it waits for by whatever means.
void watchPipes(std::span<const pollfd> list);
void unwatchPipes();
bool isPolled(int fd);
// The program has closed it.
void forgetPolled(int fd);

}  // namespace gaia::interpose
