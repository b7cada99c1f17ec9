// Hooks: what the program reads comes from the log.
#include <cerrno>

#include "descriptors.h"
#include "outsiders.h"
#include "process.h"
#include "random.h"
#include "real.h"
#include "trace.h"

using namespace gaia::interpose;

namespace {

bool foreign(int fd) {
  if (inTurn) return false;
  noteOutsider(fd);
  return true;
}

ssize_t fail(int error) {
  errno = error;
  return -1;
}

ssize_t readConnection(Connection& connection, void* to, std::size_t room, bool peek) {
  if (connection.input.empty()) {
    if (connection.reset) return fail(ECONNRESET);
    return connection.ended ? 0 : fail(EAGAIN);
  }
  const std::size_t bytes = connection.input.take(to, room, peek);
  traceRead(connection.fd, bytes, to);
  return static_cast<ssize_t>(bytes);
}

ssize_t readPipe(ChildPipe& pipe, void* to, std::size_t room) {
  if (mode() != Mode::replicating) return real().read(pipe.fd, to, room);
  if (pipe.input.empty()) return pipe.ended ? 0 : fail(EAGAIN);
  return static_cast<ssize_t>(pipe.input.take(to, room, false));
}

ssize_t readVirtual(int fd, void* to, std::size_t room, bool peek) {
  switch (descriptors.kind(fd)) {
    case Kind::connection:
      return readConnection(*descriptors.connection(fd), to, room, peek);
    case Kind::childPipe:
      return readPipe(*descriptors.childPipe(fd), to, room);
    case Kind::random:
      programRandom.fill({static_cast<std::byte*>(to), room});
      return static_cast<ssize_t>(room);
    default:
      return real().read(fd, to, room);
  }
}

bool isPlain(int fd) {
  return descriptors.kind(fd) == Kind::program || descriptors.kind(fd) == Kind::listener;
}

ssize_t readParts(int fd, const iovec* parts, std::size_t count, bool peek) {
  ssize_t total = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (parts[i].iov_len == 0) continue;
    const ssize_t got = readVirtual(fd, parts[i].iov_base, parts[i].iov_len, peek);
    if (got < 0) return total > 0 ? total : got;
    total += got;
    if (static_cast<std::size_t>(got) < parts[i].iov_len || peek) break;
  }
  return total;
}

}  // namespace

GAIA_HOOK ssize_t read(int fd, void* to, size_t room) {
  if (foreign(fd) || isPlain(fd)) return real().read(fd, to, room);
  return readVirtual(fd, to, room, false);
}

GAIA_HOOK ssize_t readv(int fd, const iovec* parts, int count) {
  if (foreign(fd) || isPlain(fd)) return real().readv(fd, parts, count);
  return readParts(fd, parts, static_cast<std::size_t>(count), false);
}

GAIA_HOOK ssize_t recv(int fd, void* to, size_t room, int flags) {
  if (foreign(fd) || isPlain(fd)) return real().recv(fd, to, room, flags);
  return readVirtual(fd, to, room, (flags & MSG_PEEK) != 0);
}

GAIA_HOOK ssize_t recvfrom(int fd, void* to, size_t room, int flags, sockaddr* address, socklen_t* length) {
  if (foreign(fd) || isPlain(fd)) return real().recvfrom(fd, to, room, flags, address, length);
  if (length != nullptr) *length = 0;  // as the kernel does for connected stream sockets
  return readVirtual(fd, to, room, (flags & MSG_PEEK) != 0);
}

GAIA_HOOK ssize_t recvmsg(int fd, msghdr* message, int flags) {
  if (foreign(fd) || isPlain(fd)) return real().recvmsg(fd, message, flags);
  message->msg_namelen = 0;
  message->msg_controllen = 0;
  message->msg_flags = 0;
  return readParts(fd, message->msg_iov, message->msg_iovlen, (flags & MSG_PEEK) != 0);
}
