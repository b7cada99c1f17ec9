// The fork that serves a visitor: its turns are what the visitor sends and what its own clock says.
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "clock.h"
#include "descriptors.h"
#include "options.h"
#include "output.h"
#include "process.h"
#include "ready.h"
#include "real.h"
#include "threads.h"
#include "timers.h"
#include "turns.h"
#include "visits.h"

namespace gaia::interpose {

namespace {

constexpr std::uint64_t acceptWithinNs = 10'000'000'000;
constexpr std::size_t inputBytesPerTurn = 64 << 10;
constexpr int longestMs = 1000;

constinit std::uint64_t sinceNs = 0;
constinit int visitorFd = -1;  // behind the program's number for it

Connection* visitor() {
  for (int fd = connectionFdFirst; fd < descriptors.connectionFdEnd(); ++fd) {
    Connection* connection = descriptors.connection(fd);
    if (connection != nullptr && connection->realFd >= 0) return connection;
  }
  return nullptr;
}

bool queued() {
  return std::ranges::any_of(descriptors.listeners(), [](const Listener& listener) { return !listener.queue.empty(); });
}

// The program has closed the connection, perhaps with output that the visitor has not taken yet.
[[noreturn]] void leave() {
  pollfd item{visitorFd, POLLOUT, 0};
  while (visitorFd >= 0 && real().fcntl(visitorFd, F_GETFD) >= 0 && real().poll(&item, 1, -1) > 0)
    flushLingering(visitorFd);
  _exit(0);
}

void hear(Connection& connection) {
  static std::byte part[inputBytesPerTurn];
  const ssize_t got = real().recv(connection.realFd, part, sizeof part, MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got > 0) connection.input.add({part, static_cast<std::size_t>(got)});
  connection.input.keep();
  connection.ended = got <= 0;
  markReady(connection.fd);
}

void awaitVisitor(Connection& connection, int timeoutMs) {
  if (connection.output.size() > options->outputBytesMax) _exit(1);
  const bool listens = !connection.ended && connection.input.size() < inputBytesPerTurn;
  pollfd item{connection.realFd, static_cast<short>((listens ? POLLIN : 0) | (connection.output.empty() ? 0 : POLLOUT)), 0};
  real().poll(&item, 1, timeoutMs);
  if ((item.revents & POLLOUT) != 0) flushOutput(connection);
  if ((item.revents & (POLLIN | POLLHUP | POLLERR)) != 0 && !connection.ended) hear(connection);
}

}  // namespace

void visitTurn() {
  const std::uint64_t nowNs = realClock().monotonicNs;
  if (sinceNs == 0) sinceNs = nowNs;
  forgetServed();
  const int leftMs = waitersLeftMs(programClock.now);
  const int timeoutMs = anyWaiterReady() ? 0 : leftMs < 0 ? longestMs : std::min(leftMs, longestMs);
  if (Connection* connection = visitor()) {
    visitorFd = connection->realFd;
    awaitVisitor(*connection, timeoutMs);
  } else if (visitorFd >= 0) {
    leave();
  } else if (!queued() || nowNs - sinceNs > acceptWithinNs) {
    _exit(1);
  }
  setClock(sampleClock());
  noteExpirations();
}

}  // namespace gaia::interpose
