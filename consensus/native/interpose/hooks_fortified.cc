// Hooks: the names that the same calls have in programs compiled with _FORTIFY_SOURCE, as distributions do.
// `toBytes` is the room that the compiler knows of; the C library ends the program when it is too small.
#include <cstdlib>

#include "process.h"
#include "real.h"

namespace {
void check(bool fits) {
  if (!fits) std::abort();
}
}  // namespace

GAIA_HOOK ssize_t __read_chk(int fd, void* to, size_t bytes, size_t toBytes) {
  check(bytes <= toBytes);
  return read(fd, to, bytes);
}

GAIA_HOOK ssize_t __recv_chk(int fd, void* to, size_t bytes, size_t toBytes, int flags) {
  check(bytes <= toBytes);
  return recv(fd, to, bytes, flags);
}

GAIA_HOOK ssize_t __recvfrom_chk(int fd, void* to, size_t bytes, size_t toBytes, int flags, sockaddr* address,
                                 socklen_t* length) {
  check(bytes <= toBytes);
  return recvfrom(fd, to, bytes, flags, address, length);
}

GAIA_HOOK int __poll_chk(pollfd* list, nfds_t count, int timeoutMs, size_t listBytes) {
  check(count <= listBytes / sizeof *list);
  return poll(list, count, timeoutMs);
}

GAIA_HOOK int __ppoll_chk(pollfd* list, nfds_t count, const timespec* timeout, const sigset_t* mask,
                          size_t listBytes) {
  check(count <= listBytes / sizeof *list);
  return ppoll(list, count, timeout, mask);
}

GAIA_HOOK int __open_2(const char* path, int flags) { return open(path, flags); }
GAIA_HOOK int __open64_2(const char* path, int flags) { return open64(path, flags); }
GAIA_HOOK int __openat_2(int directory, const char* path, int flags) {
  return openat(directory, path, flags);
}
GAIA_HOOK int __openat64_2(int directory, const char* path, int flags) {
  return openat64(directory, path, flags);
}
