#include "relay.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>

#include <cerrno>

#include "process.h"
#include "real.h"

namespace gaia::interpose {

namespace {

bool wouldBlock(int error) {
  return error == EAGAIN || error == EINTR || error == ENOTCONN || error == EINPROGRESS;
}

void sendAtOnce(int fd) {
  const int on = 1;
  real().setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

socklen_t fillAddress(const char* host, std::uint16_t port, sockaddr_storage* out) {
  auto* v4 = reinterpret_cast<sockaddr_in*>(out);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(out);
  if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    return sizeof *v4;
  }
  if (inet_pton(AF_INET6, host, &v6->sin6_addr) != 1) return 0;
  v6->sin6_family = AF_INET6;
  v6->sin6_port = htons(port);
  return sizeof *v6;
}

}  // namespace

Relay::Relay(int epollFd, int clientFd) : epollFd_(epollFd) {
  client_.fd = clientFd;
  sendAtOnce(clientFd);
}

Relay::~Relay() {
  real().close(client_.fd);
  if (leader_.fd >= 0) real().close(leader_.fd);
}

bool Relay::connectTo(const char* host, std::uint16_t port) {
  sockaddr_storage address{};
  const socklen_t length = fillAddress(host, port, &address);
  if (length == 0) return false;
  const int fd = moveAboveFloor(socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (fd < 0) return false;
  leader_.fd = fd;
  sendAtOnce(fd);
  if (real().connect(fd, reinterpret_cast<sockaddr*>(&address), length) != 0 && errno != EINPROGRESS) {
    disconnect();
    return false;
  }
  watch(leader_, down_, up_);
  watch(client_, up_, down_);
  return true;
}

bool Relay::disconnect() {
  const bool clientEnded = up_.sourceEnded && up_.begin == up_.end;
  if (exchanged_ || clientEnded) return false;
  if (leader_.fd >= 0) real().close(leader_.fd);
  leader_ = {};
  if (client_.watched != 0) real().epoll_ctl(epollFd_, EPOLL_CTL_DEL, client_.fd, nullptr);
  client_.watched = 0;
  up_.sinkClosed = down_.sourceEnded = false;
  return true;
}

// One read and one write at most: relays take turns.
bool Relay::pump(const Side& from, const Side& to, Direction& through) {
  if (through.begin == through.end) through.begin = through.end = 0;
  if (!through.sourceEnded && through.end < bufferBytes) {
    const ssize_t got =
        real().recv(from.fd, through.bytes + through.end, bufferBytes - through.end, MSG_DONTWAIT);
    if (got < 0 && !wouldBlock(errno)) return false;
    if (got == 0) through.sourceEnded = true;
    if (got > 0) through.end += static_cast<std::size_t>(got);
  }
  if (through.begin < through.end) {
    const ssize_t sent = real().send(to.fd, through.bytes + through.begin, through.end - through.begin,
                                     MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && !wouldBlock(errno)) return false;
    if (sent > 0) through.begin += static_cast<std::size_t>(sent);
    if (sent > 0) exchanged_ = true;
  }
  if (through.sourceEnded && through.begin == through.end && !through.sinkClosed)
    through.sinkClosed = real().shutdown(to.fd, SHUT_WR) == 0 || errno != ENOTCONN;
  return true;
}

// `in` is filled from this side, `out` is emptied to it.
void Relay::watch(Side& side, const Direction& in, const Direction& out) {
  std::uint32_t events = 0;
  if (!in.sourceEnded && (in.end < bufferBytes || in.begin == in.end)) events |= EPOLLIN;
  if (out.begin < out.end || (out.sourceEnded && !out.sinkClosed)) events |= EPOLLOUT;
  if (side.watched == (events | 1u << 31)) return;
  epoll_event event{};
  event.events = events;
  event.data.ptr = this;
  real().epoll_ctl(epollFd_, side.watched == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, side.fd, &event);
  side.watched = events | 1u << 31;
}

bool Relay::move() {
  if (!pump(client_, leader_, up_) || !pump(leader_, client_, down_)) return false;
  if (up_.sinkClosed && down_.sinkClosed) return false;
  watch(client_, up_, down_);
  watch(leader_, down_, up_);
  return true;
}

}  // namespace gaia::interpose
