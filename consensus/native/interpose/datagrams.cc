#include "datagrams.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <vector>

#include "datagram_relay.h"
#include "descriptors.h"
#include "kernel_events.h"
#include "never_destroyed.h"
#include "output.h"
#include "process.h"
#include "ready.h"
#include "real.h"
#include "unexpected.h"
#include "waits.h"

namespace gaia::interpose {

namespace {

constexpr std::size_t unreadBytesMax = 256 << 10;  // of one socket; what comes then is lost, as with a full socket
constexpr std::size_t datagramBytesMax = 65'507;   // what UDP can carry
constexpr std::size_t controlBytesMax = 512;
constexpr int datagramsPerTurn = 128;

struct Datagram {
  SocketAddress peer;
  std::vector<std::byte> control;  // as the leader's kernel gave it
  std::vector<std::byte> data;
};

struct DatagramSocket {
  std::vector<int> fds;  // its numbers; the log knows it by the first
  std::deque<Datagram> queue;
  std::size_t queuedBytes = 0;
};

constinit NeverDestroyed<std::vector<DatagramSocket>> storage;
std::vector<DatagramSocket>& sockets() { return storage.value; }

DatagramSocket* find(int fd) {
  for (DatagramSocket& socket : sockets())
    if (std::ranges::find(socket.fds, fd) != socket.fds.end()) return &socket;
  return nullptr;
}

void watch(const DatagramSocket& socket) {
  watchKernel(socket.fds.front(), EPOLLIN, {Source::datagrams, socket.fds.front(), 0});
}

ssize_t fail(int error) {
  errno = error;
  return -1;
}

int receiveTimeoutMs(int fd) {
  timeval timeout{};
  socklen_t length = sizeof timeout;
  real().getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, &length);
  const bool none = timeout.tv_sec == 0 && timeout.tv_usec == 0;
  return none ? -1 : static_cast<int>(timeout.tv_sec * 1000 + (timeout.tv_usec + 999) / 1000);
}

void awaitDatagram(int fd, int flags) {
  if ((flags & MSG_DONTWAIT) != 0 || (real().fcntl(fd, F_GETFL) & O_NONBLOCK) != 0) return;
  const int timeoutMs = receiveTimeoutMs(fd);
  while (!hasDatagram(fd) && ownsWait() && mode() != Mode::detached)
    if (!waitFor(fd, POLLIN, timeoutMs) && timeoutMs >= 0) return;
}

// Spreads the data over the message's parts; the bytes that had room.
std::size_t scatter(std::span<const std::byte> data, const msghdr& message) {
  std::size_t done = 0;
  for (std::size_t i = 0; i < message.msg_iovlen && done < data.size(); ++i) {
    const std::size_t bytes = std::min(message.msg_iov[i].iov_len, data.size() - done);
    std::memcpy(message.msg_iov[i].iov_base, data.data() + done, bytes);
    done += bytes;
  }
  return done;
}

ssize_t hand(const Datagram& datagram, msghdr* message, int flags) {
  message->msg_flags = 0;
  if (message->msg_name != nullptr) {
    std::memcpy(message->msg_name, datagram.peer.bytes, std::min<socklen_t>(message->msg_namelen, datagram.peer.length));
    message->msg_namelen = datagram.peer.length;
  }
  const std::size_t controlBytes = std::min<std::size_t>(message->msg_controllen, datagram.control.size());
  if (controlBytes < datagram.control.size()) message->msg_flags |= MSG_CTRUNC;
  if (controlBytes > 0) std::memcpy(message->msg_control, datagram.control.data(), controlBytes);
  message->msg_controllen = controlBytes;
  const std::size_t bytes = scatter(datagram.data, *message);
  if (bytes < datagram.data.size()) message->msg_flags |= MSG_TRUNC;
  return static_cast<ssize_t>((flags & MSG_TRUNC) != 0 ? datagram.data.size() : bytes);
}

// Straight into the entry: address, control messages, data. 0: nothing more comes.
ssize_t receiveRecord(TurnWriter& writer, int fd, bool drop) {
  const auto room = writer.payloadRoom();
  SocketAddress peer{};
  std::byte control[controlBytesMax];
  iovec data{room.data() + sizeof peer + controlBytesMax, room.size() - sizeof peer - controlBytesMax};
  msghdr message{};
  message.msg_name = peer.bytes;
  message.msg_namelen = sizeof peer.bytes;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  const ssize_t got = real().recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (got < 0 || drop) return got < 0 ? -1 : 0;
  peer.length = std::min<socklen_t>(message.msg_namelen, sizeof peer.bytes);
  std::byte* at = room.data();
  std::memcpy(at, &peer, sizeof peer);
  std::memcpy(at + sizeof peer, control, message.msg_controllen);
  std::memmove(at + sizeof peer + message.msg_controllen, data.iov_base, static_cast<std::size_t>(got));
  const std::size_t bytes = sizeof peer + message.msg_controllen + static_cast<std::size_t>(got);
  writer.add(RecordKind::datagram, fd, static_cast<std::uint32_t>(message.msg_controllen), bytes);
  return static_cast<ssize_t>(bytes);
}

}  // namespace

void addDatagramSocket(int fd) {
  descriptors.setKind(fd, Kind::datagrams);
  sockets().push_back({{fd}, {}, 0});
  relayDatagramsOf(fd);
  if (leadingHere) watch(sockets().back());
}

void copyDatagramSocket(int fd, int copy) {
  DatagramSocket* socket = find(fd);
  if (socket == nullptr || !descriptors.inRange(copy)) return;
  socket->fds.push_back(copy);
  descriptors.setKind(copy, Kind::datagrams);
  if (hasDatagram(fd)) markReady(copy);
}

void forgetDatagramSocket(int fd) {
  DatagramSocket* socket = find(fd);
  if (socket == nullptr) return;
  const bool named = socket->fds.front() == fd;
  if (named && leadingHere) unwatchKernel(fd);
  std::erase(socket->fds, fd);
  if (named && leadingHere && !socket->fds.empty()) watch(*socket);
  if (!socket->fds.empty()) return;
  stopRelayingDatagramsOf(fd);
  std::erase_if(sockets(), [](const DatagramSocket& item) { return item.fds.empty(); });
}

bool anyDatagramSocket() { return !sockets().empty(); }

bool hasDatagram(int fd) {
  const DatagramSocket* socket = find(fd);
  return socket != nullptr && !socket->queue.empty();
}

int nextDatagramBytes(int fd) { return hasDatagram(fd) ? static_cast<int>(find(fd)->queue.front().data.size()) : 0; }

ssize_t receiveDatagram(int fd, msghdr* message, int flags) {
  if ((flags & MSG_ERRQUEUE) != 0) return fail(EAGAIN);
  if (!hasDatagram(fd)) awaitDatagram(fd, flags);
  DatagramSocket* socket = find(fd);
  if (socket == nullptr) return fail(EBADF);
  if (socket->queue.empty()) return fail(EAGAIN);
  OutsideTurn outside;
  const ssize_t result = hand(socket->queue.front(), message, flags);
  if ((flags & MSG_PEEK) != 0) return result;
  socket->queuedBytes -= socket->queue.front().data.size();
  socket->queue.pop_front();
  return result;
}

ssize_t sendDatagram(int fd, const msghdr& message) {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < message.msg_iovlen; ++i) bytes += message.msg_iov[i].iov_len;
  if (bytes > datagramBytesMax) return fail(EMSGSIZE);
  accountDatagram(fd, message);
  if (leadingHere && mode() == Mode::replicating) {
    ensureCommitted();
    (void)real().sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  }
  return static_cast<ssize_t>(bytes);
}

void applyDatagram(const Record& record) {
  DatagramSocket* socket = find(record.head.fd);
  Datagram datagram{};
  const std::size_t controlBytes = record.head.value;
  if (socket == nullptr || record.payload.size() < sizeof datagram.peer + controlBytes)
    return countUnexpected(Unexpected::turnOrder);
  std::memcpy(&datagram.peer, record.payload.data(), sizeof datagram.peer);
  const auto control = record.payload.subspan(sizeof datagram.peer, controlBytes);
  const auto data = record.payload.subspan(sizeof datagram.peer + controlBytes);
  datagram.control.assign(control.begin(), control.end());
  datagram.data.assign(data.begin(), data.end());
  turnInputBytes += data.size();
  socket->queuedBytes += data.size();
  socket->queue.push_back(std::move(datagram));
  for (const int fd : socket->fds) markReady(fd);
}

void watchDatagramSockets() {
  for (const DatagramSocket& socket : sockets()) watch(socket);
}

void unwatchDatagramSockets() {
  for (const DatagramSocket& socket : sockets()) unwatchKernel(socket.fds.front());
}

void collectDatagrams(TurnWriter& writer, int fd) {
  constexpr std::size_t roomMin = sizeof(SocketAddress) + controlBytesMax + datagramBytesMax;
  const DatagramSocket* socket = find(fd);
  std::size_t unread = socket == nullptr ? 0 : socket->queuedBytes;
  for (int i = 0; i < datagramsPerTurn && socket != nullptr && writer.payloadRoom().size() >= roomMin; ++i) {
    const ssize_t got = receiveRecord(writer, fd, unread > unreadBytesMax);
    if (got < 0 && errno != ECONNREFUSED) return;  // of an earlier answer that nobody took
    if (got > 0) unread += static_cast<std::size_t>(got);
  }
}

void loseDatagramSockets() {
  if (!anyDatagramSocket()) return;
  const int nothing = real().open("/", O_PATH | O_CLOEXEC);
  for (const DatagramSocket& socket : sockets())
    for (const int fd : socket.fds) real().dup2(nothing, fd);
  real().close(nothing);
}

}  // namespace gaia::interpose
