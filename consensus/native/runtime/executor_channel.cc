#include "runtime/executor_channel.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>

namespace gaia {
namespace {

constexpr int executorDescriptor = 3;
constexpr std::size_t orderBytesMax = 4096;
constexpr std::size_t unsentBytesMax = 1u << 20;  // an executor that reads nothing for minutes

}  // namespace

ExecutorChannel::ExecutorChannel() {
  sockaddr_un address{};
  socklen_t length = sizeof address;
  const bool socket = getsockname(executorDescriptor, reinterpret_cast<sockaddr*>(&address), &length) == 0;
  if (socket && address.sun_family == AF_UNIX) channel_ = executorDescriptor;
}

// The executor may be slow to read, and clients must not wait for it. Half of a line would spoil the next, too.
void ExecutorChannel::say(const std::string& line) {
  if (channel_ < 0 || unsent_.size() > unsentBytesMax) return;
  unsent_ += line;
  flush();
}

void ExecutorChannel::offer(std::string line, std::string* last) {
  if (line != *last) say(line);
  *last = std::move(line);
}

void ExecutorChannel::flush() {
  ssize_t sent = 0;
  while (!unsent_.empty() &&
         (sent = send(channel_, unsent_.data(), unsent_.size(), MSG_NOSIGNAL | MSG_DONTWAIT)) > 0)
    unsent_.erase(0, static_cast<std::size_t>(sent));
}

void ExecutorChannel::serve(const std::function<void(std::string_view order)>& obey) {
  flush();
  char part[1024];
  const ssize_t got = recv(channel_, part, sizeof part, MSG_DONTWAIT);
  if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
    ::close(channel_);  // the executor is gone; this member goes on serving
    channel_ = -1;
    unsent_.clear();
  }
  if (got > 0) received_.append(part, static_cast<std::size_t>(got));
  for (std::size_t end; (end = received_.find('\n')) != std::string::npos; received_.erase(0, end + 1))
    obey(std::string_view(received_).substr(0, end));
  if (received_.size() > orderBytesMax) received_.clear();
}

}  // namespace gaia
