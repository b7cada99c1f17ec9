// The one real epoll instance of the leader. Each registration says what it is for and, for connections,
// which life of the descriptor number it means, so that an event for a closed connection cannot reach its
// successor.
#pragma once
#include <sys/epoll.h>

#include <cstdint>

namespace gaia::interpose {

enum class Source : std::uint8_t { connection, listener, childPipe, child, program, thread, wake, visitor, datagrams, signal };

struct EventTag {
  Source source;
  int fd;                    // virtual fd, program fd or virtual pid
  std::uint32_t generation;  // connections only

  // 8 bits of source, 24 of fd, 32 of generation.
  std::uint64_t pack() const {
    return static_cast<std::uint64_t>(source) << 56 | static_cast<std::uint64_t>(fd & 0xffffff) << 32 |
           generation;
  }
  static EventTag unpack(std::uint64_t data) {
    return {static_cast<Source>(data >> 56), static_cast<int>(data >> 32 & 0xffffff),
            static_cast<std::uint32_t>(data)};
  }
};

int kernelEventsFd();
void watchKernel(int realFd, std::uint32_t events, const EventTag& tag);
void rewatchKernel(int realFd, std::uint32_t events, const EventTag& tag);
void unwatchKernel(int realFd);

}  // namespace gaia::interpose
