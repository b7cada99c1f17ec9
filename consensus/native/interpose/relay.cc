#include "relay.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>

#include <cerrno>

#include "../transport/sys.h"
#include "process.h"
#include "real.h"

namespace gaia::interpose {

namespace {

void sendAtOnce(int fd) {
  const int on = 1;
  real().setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
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

bool Relay::connectTo(const std::string& host, std::uint16_t port) {
  sockaddr_storage address{};
  const socklen_t length = sys::ipAddress(host, port, &address);
  if (length == 0) return false;
  const int fd = ownSocket(address.ss_family, SOCK_STREAM);
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
  const bool clientEnded = up_.sourceEnded() && up_.empty();
  if (up_.exchanged() || down_.exchanged() || clientEnded) return false;
  if (leader_.fd >= 0) real().close(leader_.fd);
  leader_ = {};
  if (client_.watched != 0) real().epoll_ctl(epollFd_, EPOLL_CTL_DEL, client_.fd, nullptr);
  client_.watched = 0;
  up_.changeSink();
  down_.changeSource();
  return true;
}

// `in` is filled from this side, `out` is emptied to it. One that is waited for nothing of is not watched: it could only
// say again and again that its peer is gone.
void Relay::watch(Side& side, const Pump& in, const Pump& out) {
  std::uint32_t events = 0;
  if (in.wantsInput()) events |= EPOLLIN;
  if (out.wantsOutput()) events |= EPOLLOUT;
  if (side.watched == events) return;
  epoll_event event{};
  event.events = events;
  event.data.ptr = this;
  const int change = events == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
  real().epoll_ctl(epollFd_, side.watched == 0 ? EPOLL_CTL_ADD : change, side.fd, &event);
  side.watched = events;
}

bool Relay::move() {
  if (!up_.move(client_.fd, leader_.fd) || !down_.move(leader_.fd, client_.fd)) return false;
  if (up_.done() && down_.done()) return false;
  watch(client_, up_, down_);
  watch(leader_, down_, up_);
  return true;
}

}  // namespace gaia::interpose
