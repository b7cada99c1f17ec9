#include "descriptors.h"

#include <sys/epoll.h>

#include <algorithm>

#include "counters.h"
#include "datagrams.h"
#include "never_destroyed.h"
#include "real.h"
#include "taken_signals.h"
#include "timers.h"

namespace gaia::interpose {

constinit NeverDestroyed<Descriptors> storage;
constinit Descriptors& descriptors = storage.value;

namespace {
int bytesInPipe(int fd) {
  int bytes = 0;
  return real().ioctl(fd, FIONREAD, &bytes) == 0 ? bytes : 0;
}
}  // namespace

Listener* Descriptors::listener(int fd) {
  for (Listener& listener : listeners_)
    if (listener.fd == original(fd)) return &listener;
  return nullptr;
}

ChildPipe* Descriptors::childPipe(int fd) {
  for (ChildPipe& pipe : childPipes_)
    if (pipe.fd == fd) return &pipe;
  return nullptr;
}

Connection* Descriptors::openConnection() {
  const int fd = numbers_.take();
  if (fd < 0) return nullptr;
  auto* connection = new Connection;
  connection->fd = fd;
  connection->generation = nextGeneration_++;
  nameConnection(fd, connection);
  return connection;
}

void Descriptors::nameConnection(int fd, Connection* connection) {
  connections_[fd - connectionFdFirst] = connection;
  kinds_[fd] = Kind::connection;
  interests_[fd] = {};
  connectionFdEnd_ = std::max(connectionFdEnd_, fd + 1);
}

int Descriptors::copyConnection(Connection* connection, int wanted) {
  const int fd = wanted < 0 ? numbers_.take() : numbers_.takeThis(wanted);
  if (fd < 0) return -1;
  nameConnection(fd, connection);
  connection->copies.push_back(fd);
  return fd;
}

bool Descriptors::closeNumber(int fd) {
  Connection* connection = connections_[fd - connectionFdFirst];
  connections_[fd - connectionFdFirst] = nullptr;
  kinds_[fd] = Kind::program;
  interests_[fd] = {};
  numbers_.give(fd);
  if (connection->copies.empty()) {
    delete connection;
    return true;
  }
  if (connection->fd == fd) connection->fd = connection->copies.front();
  std::erase(connection->copies, fd);
  std::erase(connection->copies, connection->fd);
  return false;
}

Listener& Descriptors::addListener(int fd) {
  kinds_[fd] = Kind::listener;
  Listener& listener = listeners_.emplace_back();
  listener.fd = fd;
  return listener;
}

ChildPipe& Descriptors::addChildPipe(int fd) {
  kinds_[fd] = Kind::childPipe;
  ChildPipe& pipe = childPipes_.emplace_back();
  pipe.fd = fd;
  return pipe;
}

void Descriptors::forget(int fd) {
  if (!inRange(fd)) return;
  if (!leaveToHeir(fd)) forgetLast(fd);
  kinds_[fd] = Kind::program;
  interests_[fd] = {};
}

void Descriptors::forgetLast(int fd) {
  if (kinds_[fd] == Kind::timer) forgetTimer(fd);
  std::erase_if(listeners_, [fd](const Listener& listener) { return listener.fd == fd; });
  std::erase_if(childPipes_, [fd](const ChildPipe& pipe) { return pipe.fd == fd; });
  if (kinds_[fd] == Kind::counter) forgetCounter(fd);
  if (kinds_[fd] == Kind::signals) forgetSignalDescriptor(fd);
  if (kinds_[fd] == Kind::datagrams) forgetDatagramSocket(fd);
}

bool Descriptors::isCopied(Kind kind) {
  return kind == Kind::listener || kind == Kind::timer || kind == Kind::epoll || kind == Kind::counter || kind == Kind::signals;
}

void Descriptors::addCopy(int fd, int copy) {
  copies_.push_back({copy, original(fd)});
  kinds_[copy] = kinds_[fd];
}

int Descriptors::original(int fd) const {
  if (copies_.empty()) [[likely]]
    return fd;
  const auto at = std::ranges::find(copies_, fd, &Copy::fd);
  return at == copies_.end() ? fd : at->original;
}

int Descriptors::heirOf(int fd) const {
  if (original(fd) != fd) return original(fd);
  const auto at = std::ranges::find(copies_, fd, &Copy::original);
  return at == copies_.end() ? -1 : at->fd;
}

bool Descriptors::leaveToHeir(int fd) {
  const int heir = heirOf(fd);
  if (heir < 0) return false;
  const bool wasOldest = original(fd) == fd;
  std::erase_if(copies_, [=](const Copy& copy) { return copy.fd == (wasOldest ? heir : fd); });
  if (!wasOldest) return true;
  for (Copy& copy : copies_)
    if (copy.original == fd) copy.original = heir;
  rename(fd, heir);
  return true;
}

void Descriptors::rename(int from, int to) {
  for (Listener& listener : listeners_)
    if (listener.fd == from) listener.fd = to;
  for (int fd = connectionFdFirst; fd < connectionFdEnd_; ++fd)
    if (Connection* client = connection(fd); client != nullptr && client->listenerFd == from) client->listenerFd = to;
  if (kinds_[from] == Kind::timer) renameTimer(from, to);
  if (kinds_[from] == Kind::counter) renameCounter(from, to);
  if (kinds_[from] == Kind::signals) renameSignalDescriptor(from, to);
  for (const int watched : watchedBy(from)) interests_[watched].epollFd = to;
}

void Descriptors::forgetPairs() {
  std::ranges::replace(kinds_, Kind::pair, Kind::program);
}

std::vector<int> Descriptors::watchedBy(int epollFd) const {
  std::vector<int> watched;
  for (int fd = 0; fd < descriptorsMax; ++fd)
    if (interests_[fd].epollFd == epollFd) watched.push_back(fd);
  return watched;
}

std::uint32_t Descriptors::readiness(int fd) {
  switch (kind(fd)) {
    case Kind::connection: {
      const Connection& connection = *connections_[fd - connectionFdFirst];
      std::uint32_t bits = connection.throttled ? 0u : static_cast<std::uint32_t>(EPOLLOUT);
      if (!connection.input.empty() || connection.ended) bits |= EPOLLIN;
      if (connection.ended) bits |= EPOLLRDHUP;
      if (connection.ended && connection.writeClosed) bits |= EPOLLHUP;
      if (connection.reset) bits |= EPOLLERR | EPOLLHUP;
      return bits;
    }
    case Kind::timer:
      return timerExpired(fd) ? static_cast<std::uint32_t>(EPOLLIN) : 0u;
    case Kind::listener:
      return listener(fd)->queue.empty() ? 0u : static_cast<std::uint32_t>(EPOLLIN);
    case Kind::childPipe: {
      const ChildPipe& pipe = *childPipe(fd);
      const bool holds = !pipe.input.empty() || (pipe.filledHere && bytesInPipe(fd) > 0);
      return (holds ? EPOLLIN : 0u) | (pipe.ended ? EPOLLHUP : 0u);
    }
    case Kind::datagrams:
      return EPOLLOUT | (hasDatagram(fd) ? EPOLLIN : 0u);
    case Kind::counter:
      return EPOLLOUT | (counterHolds(fd) ? EPOLLIN : 0u);
    case Kind::signals:
      return holdsSignal(fd) ? static_cast<std::uint32_t>(EPOLLIN) : 0u;
    default:
      for (const ProgramReady& ready : programReady_)
        if (ready.fd == fd) return ready.events;
      return 0;
  }
}

}  // namespace gaia::interpose
