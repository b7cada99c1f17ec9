// Hooks: what the program reads comes from the log.
#include <poll.h>

#include <cerrno>

#include "counters.h"
#include "datagrams.h"
#include "descriptors.h"
#include "outsiders.h"
#include "process.h"
#include "random.h"
#include "real.h"
#include "taken_signals.h"
#include "threads.h"
#include "timers.h"
#include "trace.h"
#include "waits.h"

using namespace gaia::interpose;

namespace {

bool foreign(int fd) {
  if (inOrder()) return false;
  noteOutsider(fd);
  return true;
}

ssize_t fail(int error) {
  errno = error;
  return -1;
}

bool blocks(const Connection& connection, int flags) {
  return (connection.flags & O_NONBLOCK) == 0 && (flags & MSG_DONTWAIT) == 0;
}

// A program that reads from a client without O_NONBLOCK waits there, and that is the end of its turn.
void awaitInput(const Connection& connection) {
  while (connection.input.empty() && !connection.ended && ownsWait() && mode() != Mode::detached)
    if (!waitFor(connection.fd, POLLIN, connection.receiveTimeoutMs) && connection.receiveTimeoutMs >= 0) return;
}

ssize_t readOnce(Connection& connection, void* to, std::size_t room, int flags) {
  if (room == 0) return 0;
  if (blocks(connection, flags)) awaitInput(connection);
  if (connection.input.empty()) {
    if (connection.reset) return fail(ECONNRESET);
    const bool ended = connection.ended || (mode() == Mode::detached && blocks(connection, flags));
    return ended ? 0 : fail(EAGAIN);
  }
  const bool drop = (flags & MSG_TRUNC) != 0;  // streams are asked like this to forget input
  const std::size_t bytes = connection.input.take(drop ? nullptr : to, room, (flags & MSG_PEEK) != 0);
  traceRead(connection.fd, bytes, to);
  return static_cast<ssize_t>(bytes);
}

ssize_t readConnection(Connection& connection, void* to, std::size_t room, int flags) {
  const bool whole = (flags & MSG_WAITALL) != 0 && (flags & MSG_PEEK) == 0 && blocks(connection, flags);
  std::size_t total = 0;
  do {
    const ssize_t got = readOnce(connection, static_cast<char*>(to) + total, room - total, flags);
    if (got <= 0) return total > 0 ? static_cast<ssize_t>(total) : got;
    total += static_cast<std::size_t>(got);
  } while (whole && total < room);
  return static_cast<ssize_t>(total);
}

bool holdsNothing(int fd) {
  const ChildPipe* pipe = descriptors.childPipe(fd);
  return pipe != nullptr && pipe->input.empty() && !pipe->ended;
}

// A program that reads without O_NONBLOCK what it has not waited for gets the same bytes on every replica, whenever they come.
bool readsReally(const ChildPipe& pipe) {
  if (mode() == Mode::visited) return false;  // what is in it is the program's
  if (mode() != Mode::replicating || pipe.filledHere) return true;
  return !pipe.nonBlocking && descriptors.interest(pipe.fd).epollFd < 0;
}

ssize_t readPipe(int fd, void* to, std::size_t room) {
  if (holdsNothing(fd) && readsReally(*descriptors.childPipe(fd))) return real().read(fd, to, room);
  const bool waits = !descriptors.childPipe(fd)->nonBlocking;
  while (waits && holdsNothing(fd) && ownsWait() && mode() != Mode::detached) waitFor(fd, POLLIN, -1);
  ChildPipe* pipe = descriptors.childPipe(fd);
  if (pipe == nullptr) return fail(EBADF);
  if (!pipe->input.empty()) return static_cast<ssize_t>(pipe->input.take(to, room, false));
  return pipe->ended ? 0 : fail(EAGAIN);
}

// Whole datagrams, also by calls that tell no address.
ssize_t readDatagram(int fd, const iovec* parts, std::size_t count, int flags) {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(parts);
  message.msg_iovlen = count;
  return receiveDatagram(fd, &message, flags);
}

ssize_t readVirtual(int fd, void* to, std::size_t room, int flags) {
  switch (descriptors.kind(fd)) {
    case Kind::connection:
      return readConnection(*descriptors.connection(fd), to, room, flags);
    case Kind::childPipe:
      return readPipe(fd, to, room);
    case Kind::counter:
      return readCounter(fd, to, room);
    case Kind::signals:
      return readSignals(fd, to, room);
    case Kind::random:
      programRandom.fill({static_cast<std::byte*>(to), room});
      return static_cast<ssize_t>(room);
    case Kind::timer:
      return readTimer(fd, to, room);
    case Kind::datagrams: {
      const iovec part{to, room};
      return readDatagram(fd, &part, 1, flags);
    }
    default:
      return real().read(fd, to, room);
  }
}

bool isPlain(int fd) {
  const Kind kind = descriptors.kind(fd);
  return kind == Kind::program || kind == Kind::listener || kind == Kind::pair;
}

ssize_t readParts(int fd, const iovec* parts, std::size_t count, int flags) {
  if (descriptors.kind(fd) == Kind::datagrams) return readDatagram(fd, parts, count, flags);
  ssize_t total = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (parts[i].iov_len == 0) continue;
    const ssize_t got = readVirtual(fd, parts[i].iov_base, parts[i].iov_len, flags);
    if (got < 0) return total > 0 ? total : got;
    total += got;
    if (static_cast<std::size_t>(got) < parts[i].iov_len || (flags & MSG_PEEK) != 0) break;
    flags |= MSG_DONTWAIT;  // what is there is enough
  }
  return total;
}

ssize_t receiveFrom(int fd, iovec part, int flags, sockaddr* address, socklen_t* length) {
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_name = address;
  message.msg_namelen = address == nullptr ? 0 : *length;
  const ssize_t got = receiveDatagram(fd, &message, flags);
  if (got >= 0 && address != nullptr) *length = message.msg_namelen;
  return got;
}

}  // namespace

GAIA_HOOK ssize_t read(int fd, void* to, size_t room) {
  if (foreign(fd) || isPlain(fd)) return real().read(fd, to, room);
  return readVirtual(fd, to, room, 0);
}

GAIA_HOOK ssize_t readv(int fd, const iovec* parts, int count) {
  if (foreign(fd) || isPlain(fd)) return real().readv(fd, parts, count);
  return readParts(fd, parts, static_cast<std::size_t>(count), 0);
}

GAIA_HOOK ssize_t recv(int fd, void* to, size_t room, int flags) {
  if (foreign(fd) || isPlain(fd)) return real().recv(fd, to, room, flags);
  return readVirtual(fd, to, room, flags);
}

GAIA_HOOK ssize_t recvfrom(int fd, void* to, size_t room, int flags, sockaddr* address, socklen_t* length) {
  if (foreign(fd) || isPlain(fd)) return real().recvfrom(fd, to, room, flags, address, length);
  if (descriptors.kind(fd) == Kind::datagrams) return receiveFrom(fd, {to, room}, flags, address, length);
  if (length != nullptr) *length = 0;  // as the kernel does for connected stream sockets
  return readVirtual(fd, to, room, flags);
}

// As many messages as there are pieces of room; only the first is waited for.
GAIA_HOOK int recvmmsg(int fd, mmsghdr* messages, unsigned count, int flags, timespec* timeout) {
  const bool ours = !foreign(fd) && (descriptors.kind(fd) == Kind::connection || descriptors.kind(fd) == Kind::datagrams);
  if (!ours) return real().recvmmsg(fd, messages, count, flags, timeout);
  unsigned done = 0;
  for (; done < count; ++done) {
    const ssize_t got = recvmsg(fd, &messages[done].msg_hdr, flags | (done > 0 ? MSG_DONTWAIT : 0));
    if (got < 0) return done > 0 ? static_cast<int>(done) : -1;
    messages[done].msg_len = static_cast<unsigned>(got);
    if (got == 0 && descriptors.kind(fd) == Kind::connection) return static_cast<int>(done + 1);
  }
  return static_cast<int>(done);
}

GAIA_HOOK ssize_t recvmsg(int fd, msghdr* message, int flags) {
  if (foreign(fd) || isPlain(fd)) return real().recvmsg(fd, message, flags);
  if (descriptors.kind(fd) == Kind::datagrams) return receiveDatagram(fd, message, flags);
  message->msg_namelen = 0;
  message->msg_controllen = 0;
  message->msg_flags = 0;
  return readParts(fd, message->msg_iov, message->msg_iovlen, flags);
}
