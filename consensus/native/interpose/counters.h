// Event counters (eventfd): threads of the program wake each other with them. Their value is kept here, so that waking a
// thread is part of the turn.
#pragma once
#include <sys/types.h>

#include <cstdint>

namespace gaia::interpose {

void addCounter(int fd, std::uint64_t value, bool semaphore);
void renameCounter(int from, int to);
void forgetCounter(int fd);
bool counterHolds(int fd);
// As read(2) and write(2) on an eventfd; a blocking read waits.
ssize_t readCounter(int fd, void* to, std::size_t room);
ssize_t writeCounter(int fd, const void* data, std::size_t bytes);

}  // namespace gaia::interpose
