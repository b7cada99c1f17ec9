#include "output.h"

#include <cerrno>
#include <string>
#include <vector>

#include "../core/recent_output.h"
#include "kernel_calls.h"
#include "kernel_events.h"
#include "never_destroyed.h"
#include "options.h"
#include "own_lines.h"
#include "process.h"
#include "real.h"
#include "snapshot.h"
#include "turns.h"

namespace gaia::interpose {

namespace {

// A socket the program has closed while output was still buffered.
struct Lingering {
  int realFd;
  OutputBuffer output;
};

struct OutputState {
  std::vector<int> overfull;
  std::vector<Lingering> lingering;
};
constinit NeverDestroyed<OutputState> outputState;
std::vector<int>& overfull() { return outputState.value.overfull; }
std::vector<Lingering>& lingering() { return outputState.value.lingering; }

EventTag tagOf(const Connection& connection) {
  return {Source::connection, connection.fd, connection.generation};
}

void watch(Connection& connection, std::uint32_t events) {
  if (connection.watched == events) return;
  connection.watched = events;
  rewatchKernel(connection.realFd, events, tagOf(connection));
}

// Bytes taken by the kernel; -1: the connection is broken.
ssize_t offer(int realFd, std::span<const std::byte> bytes) {
  const ssize_t sent = sendNow(realFd, bytes);
  if (sent >= 0) return sent;
  return errno == EAGAIN || errno == EINTR || errno == ENOBUFS ? 0 : -1;
}

// False: broken. True: empty, or the kernel takes no more.
bool flush(int realFd, OutputBuffer& output) {
  while (!output.empty()) {
    const auto front = output.front();
    const ssize_t sent = offer(realFd, front);
    if (sent < 0) return false;
    if (sent == 0) return true;
    output.consume(static_cast<std::size_t>(sent));
  }
  return true;
}

// The peer is gone: the kernel will report it as the end of input, which the log then tells the program.
void dropBroken(Connection& connection) {
  connection.output.clear();
  real().shutdown(connection.realFd, SHUT_RDWR);
  watch(connection, connection.watched & ~static_cast<std::uint32_t>(EPOLLOUT));
}

void buffer(Connection& connection, std::span<const std::byte> bytes) {
  connection.output.append(bytes);
  if (connection.output.size() > options->outputBytesSoft && !connection.throttleAsked) {
    connection.throttleAsked = true;
    overfull().push_back(connection.fd);
  }
  watch(connection, connection.watched | EPOLLOUT);
}

void emit(Connection& connection, std::span<const std::byte> bytes) {
  if (connection.realFd < 0) return;
  ensureCommitted();
  if (connection.output.empty()) {
    const ssize_t sent = offer(connection.realFd, bytes);
    if (sent < 0) return dropBroken(connection);
    bytes = bytes.subspan(static_cast<std::size_t>(sent));
  }
  if (!bytes.empty()) buffer(connection, bytes);
}

// What the log says about writing; 0: go on.
int refusal(const Connection& connection) {
  if (connection.writeClosed) return EPIPE;
  if (connection.reset) return ECONNRESET;
  return connection.throttled ? EAGAIN : 0;
}

void account(int fd, const void* data, std::size_t bytes) {
  outputDigest.add(fd, data, bytes);
  if (mode() == Mode::replicating) [[likely]]  // forked children lack its memory
    runtime->recentOutput().say(fd, {static_cast<const std::byte*>(data), bytes});
}

void hashOutput(const Connection& connection, const void* data, std::size_t bytes) {
  if (mode() == Mode::snapshotting) [[unlikely]]
    hearSnapshotReply(data, bytes);
  if (!describesReplica(data, bytes)) [[likely]]
    return account(connection.fd, data, bytes);
  const std::string shared = sharedLines(data, bytes);
  account(connection.fd, shared.data(), shared.size());
}

ssize_t refused(int error) {
  errno = error;
  return -1;
}

}  // namespace

ssize_t writeOutput(Connection& connection, const void* data, std::size_t bytes) {
  if (const int error = refusal(connection)) return refused(error);
  hashOutput(connection, data, bytes);
  emit(connection, {static_cast<const std::byte*>(data), bytes});
  return static_cast<ssize_t>(bytes);
}

ssize_t writeOutput(Connection& connection, std::span<const iovec> parts) {
  if (const int error = refusal(connection)) return refused(error);
  std::size_t total = 0;
  for (const iovec& part : parts) {
    hashOutput(connection, part.iov_base, part.iov_len);
    total += part.iov_len;
  }
  if (connection.realFd < 0) return static_cast<ssize_t>(total);
  std::size_t skip = 0;
  if (connection.output.empty()) {
    ensureCommitted();
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(parts.data());
    message.msg_iovlen = parts.size();
    const ssize_t sent = sendNow(connection.realFd, message);
    skip = sent > 0 ? static_cast<std::size_t>(sent) : 0;
  }
  for (const iovec& part : parts) {
    const std::size_t skipped = skip < part.iov_len ? skip : part.iov_len;
    skip -= skipped;
    if (skipped < part.iov_len)
      emit(connection, {static_cast<const std::byte*>(part.iov_base) + skipped, part.iov_len - skipped});
  }
  return static_cast<ssize_t>(total);
}

void accountDatagram(int fd, const msghdr& message) {
  outputDigest.add(fd, message.msg_name, message.msg_name == nullptr ? 0 : message.msg_namelen);
  for (std::size_t i = 0; i < message.msg_iovlen; ++i) account(fd, message.msg_iov[i].iov_base, message.msg_iov[i].iov_len);
}

void flushOutput(Connection& connection) {
  if (!flush(connection.realFd, connection.output)) return dropBroken(connection);
  if (connection.output.empty()) {
    watch(connection, connection.watched & ~static_cast<std::uint32_t>(EPOLLOUT));
    if (connection.writeClosed) real().shutdown(connection.realFd, SHUT_WR);
  }
  if (connection.throttled && connection.output.size() <= options->outputBytesSoft / 2)
    overfull().push_back(connection.fd);
}

void closeOutput(Connection& connection) {
  if (connection.realFd < 0) return;
  OutsideTurn outside;
  ensureCommitted();
  const EventTag tag{Source::connection, 0, static_cast<std::uint32_t>(connection.realFd)};
  if (connection.output.empty()) {
    real().close(connection.realFd);
  } else {
    rewatchKernel(connection.realFd, EPOLLOUT, tag);
    lingering().push_back({connection.realFd, std::move(connection.output)});
  }
  connection.realFd = -1;
}

void shutDownOutput(Connection& connection) {
  connection.writeClosed = true;
  if (connection.realFd < 0 || !connection.output.empty()) return;
  ensureCommitted();
  real().shutdown(connection.realFd, SHUT_WR);
}

void flushLingering(int realFd) {
  std::erase_if(lingering(), [realFd](Lingering& item) {
    if (item.realFd != realFd || (flush(realFd, item.output) && !item.output.empty())) return false;
    real().close(realFd);
    return true;
  });
}

void dropLingering() {
  for (const Lingering& item : lingering()) real().close(item.realFd);
  lingering().clear();
}

bool nextOverfull(int* fd) {
  if (overfull().empty()) return false;
  *fd = overfull().back();
  overfull().pop_back();
  return true;
}

}  // namespace gaia::interpose
