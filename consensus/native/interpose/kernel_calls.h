// Calls of the kernel that never wait, without the C library's cancellation points: in a process with several threads,
// and every replica has some of its own, each of those costs two atomic operations.
#pragma once
#include <sys/syscall.h>

#include <cstddef>
#include <span>

#include "real.h"

namespace gaia::interpose {

inline ssize_t receiveNow(int fd, std::span<std::byte> room) {
  return real().syscall(SYS_recvfrom, fd, room.data(), room.size(), MSG_DONTWAIT, nullptr, nullptr);
}
inline ssize_t sendNow(int fd, std::span<const std::byte> bytes) {
  return real().syscall(SYS_sendto, fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT, nullptr, 0);
}
inline ssize_t sendNow(int fd, const msghdr& message) {
  return real().syscall(SYS_sendmsg, fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace gaia::interpose
