#include "incoming.h"

#include <cstring>
#include <deque>

#include "descriptors.h"
#include "process.h"
#include "real.h"
#include "told_port.h"

namespace gaia::interpose {

namespace {

constexpr int acceptsPerTurn = 128;
constexpr std::size_t recordBytes = recordRoom(sizeof(AcceptedAddresses));

std::deque<int>& incoming() {
  static auto* queue = new std::deque<int>;
  return *queue;
}

// Asks the kernel only where the listener is bound to all addresses.
SocketAddress localAddress(const Listener& listener, int realFd) {
  if (listener.bound.length != 0) return listener.bound;
  SocketAddress local{};
  socklen_t length = sizeof local.bytes;
  if (real().getsockname(realFd, reinterpret_cast<sockaddr*>(local.bytes), &length) == 0)
    local.length = length;
  return local;
}

int acceptOne(int listenerFd, SocketAddress* peer) {
  socklen_t length = sizeof peer->bytes;
  const int fd = real().accept4(listenerFd, reinterpret_cast<sockaddr*>(peer->bytes), &length,
                                SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return -1;
  peer->length = length < sizeof peer->bytes ? length : sizeof peer->bytes;
  return moveAboveFloor(fd);
}

}  // namespace

void acceptWaiting(TurnWriter& writer, int listenerFd) {
  const Listener* listener = descriptors.listener(listenerFd);
  for (int i = 0; i < acceptsPerTurn && listener != nullptr && writer.payloadRoom().size() >= recordBytes;
       ++i) {
    AcceptedAddresses addresses{};
    const int fd = acceptOne(listenerFd, &addresses.peer);
    if (fd < 0) return;
    addresses.local = localAddress(*listener, fd);
    tellPort(addresses.local.bytes, addresses.local.length);
    writer.addAccepted(listenerFd, addresses);
    incoming().push_back(fd);
  }
}

int takeIncoming() {
  if (incoming().empty()) return -1;
  const int fd = incoming().front();
  incoming().pop_front();
  return fd;
}

void dropIncoming(int realFd) {
  if (realFd >= 0) real().close(realFd);
}

void dropAllIncoming() {
  for (const int fd : incoming()) real().close(fd);
  incoming().clear();
  for (Listener& listener : descriptors.listeners())
    for (QueuedConnection& queued : listener.queue) {
      dropIncoming(queued.realFd);
      queued.realFd = -1;
    }
}

}  // namespace gaia::interpose
