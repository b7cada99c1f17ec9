// Hooks: the life of sockets.
#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstring>

#include "datagrams.h"
#include "descriptors.h"
#include "leader.h"
#include "kernel_events.h"
#include "listeners.h"
#include "outsiders.h"
#include "output.h"
#include "polled.h"
#include "process.h"
#include "program_numbers.h"
#include "real.h"
#include "replication.h"
#include "snapshot_restore.h"
#include "threads.h"
#include "told_port.h"
#include "turns.h"
#include "unexpected.h"
#include "waits.h"

using namespace gaia::interpose;

namespace {

Connection* clientOf(int fd) { return inOrder() ? descriptors.connection(fd) : nullptr; }

void copyAddress(const SocketAddress& from, sockaddr* to, socklen_t* length) {
  if (to == nullptr || length == nullptr) return;
  std::memcpy(to, from.bytes, std::min<socklen_t>(*length, from.length));
  *length = from.length;
}

int fail(int error) {
  errno = error;
  return -1;
}

// A program that accepts at a listener without O_NONBLOCK waits there, and that is the end of its turn.
void awaitClient(const Listener& listener) {
  while ((listener.flags & O_NONBLOCK) == 0 && listener.queue.empty() && ownsWait() && mode() != Mode::detached)
    waitFor(listener.fd, POLLIN, -1);
}

int acceptVirtual(Listener& listener, sockaddr* address, socklen_t* length, int flags) {
  awaitClient(listener);
  if (listener.queue.empty()) return fail(EAGAIN);
  OutsideTurn outside;
  Connection* connection = descriptors.openConnection();
  if (connection == nullptr) return fail(EMFILE);
  connection->addresses = listener.queue.front().addresses;
  connection->realFd = listener.queue.front().realFd;
  connection->listenerFd = listener.fd;
  connection->flags = (flags & SOCK_NONBLOCK) != 0 ? O_RDWR | O_NONBLOCK : O_RDWR;
  listener.queue.pop_front();
  copyAddress(connection->addresses.peer, address, length);
  if (connection->realFd >= 0) watchConnection(*connection);
  return connection->fd;
}

int closeClient(int fd, Connection& connection) {
  OutsideTurn outside;
  if (connection.copies.empty()) closeOutput(connection);
  descriptors.interest(fd) = {};
  interestChanged(fd);
  const bool named = connection.fd == fd;
  if (!descriptors.closeNumber(fd) && named) renameConnection(connection);
  return 0;
}

// Clients and listeners have flags of their own: what is behind them never blocks.
int* flagsOf(int fd) {
  if (!inOrder()) return nullptr;
  if (Connection* connection = descriptors.connection(fd)) return &connection->flags;
  Listener* listener = descriptors.kind(fd) == Kind::listener ? descriptors.listener(fd) : nullptr;
  return listener == nullptr ? nullptr : &listener->flags;
}

// Pipes keep their flags in the kernel; one that does not block is watched.
void notePipeFlags(int fd, bool nonBlocking) {
  if (ChildPipe* pipe = inOrder() ? descriptors.childPipe(fd) : nullptr) pipe->nonBlocking = nonBlocking;
}

constexpr int settableFlags = O_NONBLOCK | O_APPEND | O_ASYNC | O_DIRECT | O_NOATIME;

int controlFlags(int& flags, int command, long argument) {
  if (command == F_SETFL) flags = (flags & ~settableFlags) | (static_cast<int>(argument) & settableFlags);
  return command == F_GETFL ? flags : 0;
}

// Numbers below those of clients are the kernel's.
int copyClient(Connection& connection, int wanted) {
  OutsideTurn outside;
  const int fd = descriptors.copyConnection(&connection, wanted);
  if (fd < 0 && wanted >= 0) countUnexpected(Unexpected::descriptorCopied);
  if (fd < 0) return fail(wanted < 0 ? EMFILE : EBADF);
  markReady(fd);
  return fd;
}

// dup2(2) closes what has the number.
int copyClientTo(Connection& connection, int fd, int to) {
  if (fd == to) return to;
  if (Connection* other = descriptors.connection(to)) closeClient(to, *other);
  return copyClient(connection, to);
}

bool copies(int command) { return command == F_DUPFD || command == F_DUPFD_CLOEXEC; }

int controlConnection(Connection& connection, int command, long argument) {
  if (command == F_GETFD) return FD_CLOEXEC;
  if (command == F_SETFD) return 0;
  if (copies(command) && argument <= connectionFdFirst) return copyClient(connection, -1);
  countUnexpected(copies(command) ? Unexpected::descriptorCopied : Unexpected::controlCall);
  return fail(EINVAL);
}

int ioctlConnection(Connection& connection, unsigned long request, int* value) {
  if (request != FIONREAD) return countUnexpected(Unexpected::controlCall), fail(EINVAL);
  *value = static_cast<int>(connection.input.size());
  return 0;
}

int setBlocking(int& flags, const int* nonBlocking) {
  flags = *nonBlocking != 0 ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
  return 0;
}

void forgetInterest(int fd) {
  if (!isVirtual(fd)) unwatchKernel(fd);
  descriptors.interest(fd) = {};
  interestChanged(fd);
}

// The program closes a descriptor that is not a client's.
void forgetDescriptor(int fd) {
  OutsideTurn outside;
  forgetPolled(fd);
  const Kind kind = descriptors.kind(fd);
  if (kind == Kind::program && descriptors.interest(fd).epollFd < 0) return;
  if (kind == Kind::epoll && descriptors.heirOf(fd) < 0)
    for (const int watched : descriptors.watchedBy(fd)) forgetInterest(watched);
  if (kind == Kind::listener)
    forgetListener(fd);
  else
    descriptors.forget(fd);
  interestChanged(fd);
}

// Another number of what is not a client: the kernel gave it.
int copied(int fd, int copy) {
  if (copy < 0 || copy == fd || !inOrder() || !descriptors.inRange(copy)) return copy;
  OutsideTurn outside;
  const Kind kind = descriptors.kind(fd);
  if (kind == Kind::datagrams) copyDatagramSocket(fd, copy);
  if (kind == Kind::pair || kind == Kind::random) descriptors.setKind(copy, kind);
  if (!Descriptors::isCopied(kind)) return copy;
  descriptors.addCopy(fd, copy);
  markReady(copy);
  return copy;
}

int ownName(int fd, sockaddr* address, socklen_t* length) {
  const socklen_t room = length == nullptr ? 0 : *length;
  const int result = real().getsockname(fd, address, length);
  if (result == 0 && inOrder()) tellPort(address, std::min(room, *length));
  return result;
}

int copyRefused() {
  countUnexpected(Unexpected::descriptorCopied);
  return fail(EBADF);
}

// What had the number is closed.
template <typename Copy>
int copiedTo(int fd, int to, Copy copy) {
  if (!inOrder() || fd == to) return copy();
  if (clientOf(to) != nullptr) return copyRefused();
  if (to >= descriptorFloor) return fail(EBADF);
  if (descriptors.inRange(to) && real().fcntl(fd, F_GETFD) >= 0) noteFileClosed(to), forgetDescriptor(to);
  return copied(fd, copy());
}

}  // namespace

GAIA_HOOK int bind(int fd, const sockaddr* address, socklen_t length) noexcept {
  const int result = real().bind(fd, MeantAddress(address, length).get(), length);
  if (result == 0 && inOrder() && (mode() == Mode::local || mode() == Mode::replicating)) boundTo(fd);
  return result;
}

GAIA_HOOK int listen(int fd, int backlog) noexcept {
  const int result = real().listen(fd, backlog);
  if (result == 0 && inOrder() && (mode() == Mode::local || mode() == Mode::replicating)) listenOn(fd);
  return result;
}

GAIA_HOOK int accept4(int fd, sockaddr* address, socklen_t* length, int flags) {
  if (listensForParent(fd)) return fail(EBADF);
  if (!inOrder() || descriptors.kind(fd) != Kind::listener) return real().accept4(fd, address, length, flags);
  return acceptVirtual(*descriptors.listener(fd), address, length, flags);
}

GAIA_HOOK int accept(int fd, sockaddr* address, socklen_t* length) {
  if (listensForParent(fd)) return fail(EBADF);
  if (!inOrder() || descriptors.kind(fd) != Kind::listener) return real().accept(fd, address, length);
  return acceptVirtual(*descriptors.listener(fd), address, length, 0);
}

// What the program would learn from another server is not in the log.
GAIA_HOOK int connect(int fd, const sockaddr* address, socklen_t length) {
  if (inOrder() && mode() == Mode::replicating) countUnexpected(Unexpected::connect);
  return real().connect(fd, MeantAddress(address, length).get(), length);
}

GAIA_HOOK int close(int fd) {
  if (inOrder() && fd >= descriptorFloor) return fail(EBADF);  // ours: programs that close all that they know nothing of
  if (!inOrder() || !descriptors.inRange(fd)) return real().close(fd);
  if (Connection* connection = descriptors.connection(fd)) return closeClient(fd, *connection);
  noteFileClosed(fd);
  forgetDescriptor(fd);
  return real().close(fd);
}

GAIA_HOOK int close_range(unsigned first, unsigned last, int flags) noexcept {
  if (!inOrder()) return real().close_range(first, last, flags);
  const unsigned end = std::min(last, static_cast<unsigned>(descriptorFloor) - 1);
  for (unsigned fd = first; (flags & CLOSE_RANGE_CLOEXEC) == 0 && fd <= end && fd < descriptorsMax; ++fd)
    if (descriptors.kind(static_cast<int>(fd)) != Kind::program) close(static_cast<int>(fd));
  return first > end ? 0 : real().close_range(first, end, flags);
}

GAIA_HOOK void closefrom(int first) noexcept { close_range(static_cast<unsigned>(std::max(first, 0)), ~0u, 0); }

GAIA_HOOK int socket(int domain, int type, int protocol) noexcept {
  return openedInOrder([=] { return real().socket(domain, type, protocol); });
}

GAIA_HOOK int shutdown(int fd, int how) noexcept {
  Connection* connection = clientOf(fd);
  if (connection == nullptr) return real().shutdown(fd, how);
  if (how != SHUT_WR) connection->ended = true;
  if (how != SHUT_WR) markReady(fd);
  if (how != SHUT_RD) shutDownOutput(*connection);
  return 0;
}

GAIA_HOOK int getpeername(int fd, sockaddr* address, socklen_t* length) noexcept {
  Connection* connection = clientOf(fd);
  if (connection == nullptr) return real().getpeername(fd, address, length);
  copyAddress(connection->addresses.peer, address, length);
  return 0;
}

GAIA_HOOK int getsockname(int fd, sockaddr* address, socklen_t* length) noexcept {
  Connection* connection = clientOf(fd);
  if (connection == nullptr) return ownName(fd, address, length);
  copyAddress(connection->addresses.local, address, length);
  return 0;
}

GAIA_HOOK int setsockopt(int fd, int level, int name, const void* value, socklen_t length) noexcept {
  Connection* connection = clientOf(fd);
  if (connection == nullptr) return real().setsockopt(fd, level, name, value, length);
  OutsideTurn outside;
  setOption(*connection, level, name, value, length);
  return 0;
}

GAIA_HOOK int getsockopt(int fd, int level, int name, void* value, socklen_t* length) noexcept {
  Connection* connection = clientOf(fd);
  if (connection == nullptr) return real().getsockopt(fd, level, name, value, length);
  OutsideTurn outside;
  const int error = getOption(*connection, level, name, value, length);
  return error == 0 ? 0 : fail(error);
}

GAIA_HOOK int fcntl(int fd, int command, ...) {
  va_list arguments;
  va_start(arguments, command);
  const long argument = va_arg(arguments, long);
  va_end(arguments);
  if (int* flags = command == F_GETFL || command == F_SETFL ? flagsOf(fd) : nullptr)
    return controlFlags(*flags, command, argument);
  if (command == F_SETFL) notePipeFlags(fd, (argument & O_NONBLOCK) != 0);
  if (Connection* connection = clientOf(fd)) return controlConnection(*connection, command, argument);
  const auto act = [=] { return real().fcntl(fd, command, argument); };
  return copies(command) ? copied(fd, openedInOrder(act, static_cast<int>(argument))) : act();
}

GAIA_HOOK int fcntl64(int fd, int command, ...) {
  va_list arguments;
  va_start(arguments, command);
  const long argument = va_arg(arguments, long);
  va_end(arguments);
  return fcntl(fd, command, argument);
}

GAIA_HOOK int ioctl(int fd, unsigned long request, ...) noexcept {
  va_list arguments;
  va_start(arguments, request);
  void* argument = va_arg(arguments, void*);
  va_end(arguments);
  if (int* flags = request == FIONBIO ? flagsOf(fd) : nullptr) return setBlocking(*flags, static_cast<int*>(argument));
  if (request == FIONBIO) notePipeFlags(fd, *static_cast<int*>(argument) != 0);
  if (request == FIONREAD && inOrder() && descriptors.kind(fd) == Kind::datagrams) {
    *static_cast<int*>(argument) = nextDatagramBytes(fd);
    return 0;
  }
  Connection* connection = clientOf(fd);
  return connection == nullptr ? real().ioctl(fd, request, argument)
                               : ioctlConnection(*connection, request, static_cast<int*>(argument));
}

GAIA_HOOK int dup(int fd) noexcept {
  Connection* connection = clientOf(fd);
  return connection == nullptr ? copied(fd, openedInOrder([fd] { return real().dup(fd); })) : copyClient(*connection, -1);
}

GAIA_HOOK int dup2(int fd, int to) noexcept {
  if (Connection* connection = clientOf(fd)) return copyClientTo(*connection, fd, to);
  return copiedTo(fd, to, [=] { return real().dup2(fd, to); });
}

GAIA_HOOK int dup3(int fd, int to, int flags) noexcept {
  if (Connection* connection = clientOf(fd)) return fd == to ? fail(EINVAL) : copyClientTo(*connection, fd, to);
  return copiedTo(fd, to, [=] { return real().dup3(fd, to, flags); });
}
