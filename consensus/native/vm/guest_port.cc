#include "vm/guest_port.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "transport/sys.h"

namespace gaia::vm {
namespace {

constexpr std::size_t receiveBytes = 256u << 10;
constexpr int receivesMax = 16;  // at a time: others wait

}  // namespace

std::unique_ptr<GuestPort> GuestPort::listen(const std::string& path, std::string* error) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), std::min(path.size(), sizeof address.sun_path - 1));
  const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  unlink(path.c_str());
  const bool bound = bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  if (bound && ::listen(listener, 1) == 0) return std::unique_ptr<GuestPort>(new GuestPort(listener, path));
  *error = "guest_socket=" + path + " cannot be listened on: " + sys::errorText(errno) +
           "; its directory must exist and be writable";
  ::close(listener);
  return nullptr;
}

GuestPort::~GuestPort() {
  disconnect();
  ::close(listener_);
  unlink(path_.c_str());
}

void GuestPort::addTo(std::vector<pollfd>* descriptors, bool reading) const {
  if (!connected()) return descriptors->push_back({listener_, POLLIN, 0});
  const int in = reading ? POLLIN : 0, out = sent_ < out_.size() && !holds_ ? POLLOUT : 0;
  descriptors->push_back({guest_, static_cast<short>(in | out), 0});
}

void GuestPort::serve(std::span<const pollfd> ready, const std::function<void(View frame)>& output) {
  for (const pollfd& entry : ready) {
    if (entry.revents == 0) continue;
    if (entry.fd == listener_ && !connected()) accept();
    if (entry.fd != guest_) continue;
    if ((entry.revents & POLLOUT) != 0) flush();
    if ((entry.revents & ~POLLOUT) != 0) receive(output);
    return;
  }
}

void GuestPort::accept() { guest_ = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC); }

bool GuestPort::rests() {
  ucred peer{};
  socklen_t length = sizeof peer;
  return !connected() || getsockopt(guest_, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0 ||
         rest_.rests(peer.pid);
}

void GuestPort::disconnect() {
  if (connected()) ::close(guest_);
  guest_ = -1;
  reader_.reset();
  out_.clear();
  sent_ = 0;
}

void GuestPort::receive(const std::function<void(View frame)>& output) {
  part_.resize(receiveBytes);
  for (int i = 0; i < receivesMax && connected(); i++) {
    const ssize_t got = recv(guest_, part_.data(), part_.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return disconnect();
    reader_.read(View(part_).first(static_cast<std::size_t>(got)), output);
    if (got < static_cast<ssize_t>(part_.size())) return;
  }
}

void GuestPort::deliver(View frame) {
  if (!connected()) return;
  appendFramed(frame, &out_);
}

void GuestPort::flush() {
  if (holds_) return;
  while (connected() && sent_ < out_.size()) {
    const ssize_t count = send(guest_, out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return;
    if (count < 0) return disconnect();
    sent_ += static_cast<std::size_t>(count);
  }
  out_.clear();
  sent_ = 0;
}

void GuestPort::forget() {
  if (!holds_) return;
  out_.clear();
  sent_ = 0;
}

bool GuestPort::drained() const {
  int unread = 0;
  return !connected() || holds_ ||
         (sent_ == out_.size() && ioctl(guest_, SIOCOUTQ, &unread) == 0 && unread == 0);
}

}  // namespace gaia::vm
