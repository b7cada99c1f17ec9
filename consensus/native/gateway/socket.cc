#include "gateway/socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "transport/sys.h"

namespace gaia::gateway {
namespace {

constexpr std::size_t compactBytes = 64u << 10;

bool tryLater(int error) {
  return error == EAGAIN || error == EINTR || error == ENOTCONN || error == EINPROGRESS;
}

int sendAtOnce(int descriptor) {
  const int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return descriptor;
}

}  // namespace

int acceptClient(int listener) {
  const int descriptor = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  return descriptor < 0 ? -1 : sendAtOnce(descriptor);
}

int connectTo(const std::string& host, std::uint16_t port) {
  sockaddr_storage address{};
  const socklen_t length = sys::ipAddress(host, port, &address);
  if (length == 0) return -1;
  const int descriptor = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return -1;
  sendAtOnce(descriptor);
  if (connect(descriptor, reinterpret_cast<sockaddr*>(&address), length) == 0 || errno == EINPROGRESS) return descriptor;
  close(descriptor);
  return -1;
}

void Socket::open(int descriptor, std::uint64_t number) {
  descriptor_ = descriptor;
  number_ = number;
  watched_ = EPOLLIN;
  events_.watch(descriptor_, source_, number_, watched_);
}

void Socket::close() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

void Socket::reset() {
  const linger none{1, 0};
  if (descriptor_ >= 0) setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &none, sizeof none);
  close();
}

void Socket::send(View bytes) {
  if (!isOpen() || broken_) return;
  waiting_.insert(waiting_.end(), bytes.begin(), bytes.end());
  flush();
}

void Socket::endSending() {
  ends_ = true;
  flush();
}

void Socket::flush() {
  while (isOpen() && !broken_ && waiting() > 0) {
    const ssize_t sent = ::send(descriptor_, waiting_.data() + sent_, waiting(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) {
      broken_ = !tryLater(errno);
      break;
    }
    sent_ += static_cast<std::size_t>(sent);
  }
  if (waiting() == 0 || sent_ >= compactBytes) {
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(sent_));
    sent_ = 0;
  }
  if (isOpen() && ends_ && !endSent_ && waiting() == 0) endSent_ = shutdown(descriptor_, SHUT_WR) == 0 || errno != ENOTCONN;
  watch();
}

Socket::Got Socket::receive(std::span<std::byte> into, std::size_t* count) {
  const ssize_t got = recv(descriptor_, into.data(), into.size(), MSG_DONTWAIT);
  *count = got > 0 ? static_cast<std::size_t>(got) : 0;
  if (got > 0) return Got::bytes;
  if (got == 0) return Got::end;
  return tryLater(errno) ? Got::nothing : Got::broken;
}

void Socket::listen(bool wanted) {
  listens_ = wanted;
  watch();
}

// A descriptor that is watched for nothing would still tell of its end, again and again.
void Socket::watch() {
  if (!isOpen()) return;
  const bool sends = !broken_ && (waiting() > 0 || (ends_ && !endSent_));
  const std::uint32_t wanted = (listens_ ? EPOLLIN : 0u) | (sends ? EPOLLOUT : 0u);
  if (wanted == watched_) return;
  if (wanted == 0)
    events_.forget(descriptor_);
  else if (watched_ == 0)
    events_.watch(descriptor_, source_, number_, wanted);
  else
    events_.change(descriptor_, source_, number_, wanted);
  watched_ = wanted;
}

}  // namespace gaia::gateway
