// Hooks: what the program writes to its clients.
#include "descriptors.h"
#include "output.h"
#include "outsiders.h"
#include "process.h"
#include "real.h"
#include "unexpected.h"

using namespace gaia::interpose;

namespace {
// Null: not a client, or not the program's turn.
Connection* clientOf(int fd) {
  if (inTurn) [[likely]]
    return descriptors.connection(fd);
  noteOutsider(fd);
  return nullptr;
}
}  // namespace

GAIA_HOOK ssize_t write(int fd, const void* data, size_t bytes) {
  Connection* client = clientOf(fd);
  return client == nullptr ? real().write(fd, data, bytes) : writeOutput(*client, data, bytes);
}

GAIA_HOOK ssize_t send(int fd, const void* data, size_t bytes, int flags) {
  Connection* client = clientOf(fd);
  return client == nullptr ? real().send(fd, data, bytes, flags) : writeOutput(*client, data, bytes);
}

GAIA_HOOK ssize_t sendto(int fd, const void* data, size_t bytes, int flags, const sockaddr* address,
                         socklen_t length) {
  Connection* client = clientOf(fd);
  return client == nullptr ? real().sendto(fd, data, bytes, flags, address, length)
                           : writeOutput(*client, data, bytes);
}

GAIA_HOOK ssize_t writev(int fd, const iovec* parts, int count) {
  Connection* client = clientOf(fd);
  if (client == nullptr) return real().writev(fd, parts, count);
  return writeOutput(*client, std::span<const iovec>(parts, static_cast<std::size_t>(count)));
}

GAIA_HOOK ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  Connection* client = clientOf(fd);
  if (client == nullptr) return real().sendmsg(fd, message, flags);
  if (message->msg_controllen != 0) countUnexpected(Unexpected::sendWithAncillaryData);
  return writeOutput(*client, std::span<const iovec>(message->msg_iov, message->msg_iovlen));
}
