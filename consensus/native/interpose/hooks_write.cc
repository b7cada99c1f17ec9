// Hooks: what the program writes to its clients.
#include <algorithm>

#include "counters.h"
#include "datagrams.h"
#include "descriptors.h"
#include "output.h"
#include "outsiders.h"
#include "process.h"
#include "real.h"
#include "threads.h"
#include "unexpected.h"
#include "waits.h"

using namespace gaia::interpose;

namespace {
// Null: not a client, or not the program's turn.
Connection* clientOf(int fd) {
  if (inOrder()) [[likely]]
    return descriptors.connection(fd);
  noteOutsider(fd);
  return nullptr;
}

// A program that writes to a client without O_NONBLOCK waits while too much is buffered.
void awaitRoom(const Connection& client, int flags) {
  if ((client.flags & O_NONBLOCK) != 0 || (flags & MSG_DONTWAIT) != 0) return;
  while (client.throttled && !client.ended && ownsWait() && mode() != Mode::detached)
    if (!waitFor(client.fd, POLLOUT, client.sendTimeoutMs) && client.sendTimeoutMs >= 0) return;
}

ssize_t put(Connection& client, const void* data, std::size_t bytes, int flags = 0) {
  if (client.throttled) awaitRoom(client, flags);
  return writeOutput(client, data, bytes);
}

ssize_t put(Connection& client, std::span<const iovec> parts, int flags = 0) {
  if (client.throttled) awaitRoom(client, flags);
  return writeOutput(client, parts);
}

ssize_t putMessage(Connection& client, const msghdr& message, int flags) {
  if (message.msg_controllen != 0) countUnexpected(Unexpected::sendWithAncillaryData);
  return put(client, {message.msg_iov, message.msg_iovlen}, flags);
}

// So much a call, so that other clients are heard between the calls for a large file.
constexpr std::size_t fileBytesPerCall = 1 << 20;
constexpr std::size_t fileBytesPerRead = 64 << 10;

// The bytes of the program's own file, as if it had read and written them.
ssize_t putFile(Connection& client, int from, off64_t* offset, std::size_t bytes) {
  alignas(16) std::byte part[fileBytesPerRead];
  const std::size_t limit = std::min(bytes, fileBytesPerCall);
  std::size_t total = 0;
  while (total < limit) {
    const std::size_t room = std::min(limit - total, sizeof part);
    const ssize_t got = offset == nullptr ? real().read(from, part, room) : pread64(from, part, room, *offset);
    if (got <= 0) return total > 0 ? static_cast<ssize_t>(total) : got;
    const ssize_t sent = put(client, part, static_cast<std::size_t>(got));
    if (sent < 0) {
      if (offset == nullptr) lseek64(from, -got, SEEK_CUR);
      return total > 0 ? static_cast<ssize_t>(total) : sent;
    }
    if (offset != nullptr) *offset += got;
    total += static_cast<std::size_t>(got);
  }
  return static_cast<ssize_t>(total);
}
bool isCounter(int fd) { return inOrder() && descriptors.kind(fd) == Kind::counter; }
bool sendsDatagrams(int fd) { return inOrder() && descriptors.kind(fd) == Kind::datagrams; }

ssize_t putDatagram(int fd, std::span<const iovec> parts, const sockaddr* address = nullptr, socklen_t length = 0) {
  msghdr message{};
  message.msg_name = const_cast<sockaddr*>(address);
  message.msg_namelen = length;
  message.msg_iov = const_cast<iovec*>(parts.data());
  message.msg_iovlen = parts.size();
  return sendDatagram(fd, message);
}
ssize_t putDatagram(int fd, const void* data, std::size_t bytes, const sockaddr* address = nullptr, socklen_t length = 0) {
  const iovec part{const_cast<void*>(data), bytes};
  return putDatagram(fd, {&part, 1}, address, length);
}
}  // namespace

GAIA_HOOK ssize_t write(int fd, const void* data, size_t bytes) {
  Connection* client = clientOf(fd);
  if (client != nullptr) return put(*client, data, bytes);
  if (sendsDatagrams(fd)) return putDatagram(fd, data, bytes);
  return isCounter(fd) ? writeCounter(fd, data, bytes) : real().write(fd, data, bytes);
}

GAIA_HOOK ssize_t send(int fd, const void* data, size_t bytes, int flags) {
  if (Connection* client = clientOf(fd)) return put(*client, data, bytes, flags);
  return sendsDatagrams(fd) ? putDatagram(fd, data, bytes) : real().send(fd, data, bytes, flags);
}

GAIA_HOOK ssize_t sendto(int fd, const void* data, size_t bytes, int flags, const sockaddr* address,
                         socklen_t length) {
  if (Connection* client = clientOf(fd)) return put(*client, data, bytes, flags);
  return sendsDatagrams(fd) ? putDatagram(fd, data, bytes, address, length)
                            : real().sendto(fd, data, bytes, flags, address, length);
}

GAIA_HOOK ssize_t writev(int fd, const iovec* parts, int count) {
  const std::span<const iovec> all(parts, static_cast<std::size_t>(count));
  if (Connection* client = clientOf(fd)) return put(*client, all);
  return sendsDatagrams(fd) ? putDatagram(fd, all) : real().writev(fd, parts, count);
}

GAIA_HOOK ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  if (Connection* client = clientOf(fd)) return putMessage(*client, *message, flags);
  return sendsDatagrams(fd) ? sendDatagram(fd, *message) : real().sendmsg(fd, message, flags);
}

GAIA_HOOK int sendmmsg(int fd, mmsghdr* messages, unsigned count, int flags) {
  Connection* client = clientOf(fd);
  if (client == nullptr && !sendsDatagrams(fd)) return real().sendmmsg(fd, messages, count, flags);
  for (unsigned done = 0; done < count; ++done) {
    const msghdr& message = messages[done].msg_hdr;
    const ssize_t sent = client == nullptr ? sendDatagram(fd, message) : putMessage(*client, message, flags);
    if (sent < 0) return done > 0 ? static_cast<int>(done) : -1;
    messages[done].msg_len = static_cast<unsigned>(sent);
  }
  return static_cast<int>(count);
}

GAIA_HOOK ssize_t sendfile64(int to, int from, off64_t* offset, size_t bytes) noexcept {
  Connection* client = clientOf(to);
  return client == nullptr ? real().sendfile64(to, from, offset, bytes) : putFile(*client, from, offset, bytes);
}

GAIA_HOOK ssize_t sendfile(int to, int from, off_t* offset, size_t bytes) noexcept {
  return sendfile64(to, from, offset, bytes);  // the same type on 64-bit systems
}
