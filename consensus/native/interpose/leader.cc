#include "leader.h"

#include <algorithm>
#include <cerrno>

#include "children.h"
#include "clock.h"
#include "control.h"
#include "datagrams.h"
#include "incoming.h"
#include "kernel_calls.h"
#include "kernel_events.h"
#include "lone_caller.h"
#include "never_destroyed.h"
#include "options.h"
#include "output.h"
#include "polled.h"
#include "process.h"
#include "real.h"
#include "signals.h"
#include "snapshot.h"
#include "threads.h"
#include "turn.h"
#include "visits.h"

namespace gaia::interpose {

namespace {

constexpr std::size_t inputBytesPerConnection = 64 << 10;
constexpr std::size_t inputBytesAlone = 1 << 20;
constexpr std::size_t inputBytesPerTurn = 256 << 10;
constexpr std::size_t unreadBytesMax = 256 << 10;  // a program that does not read is not read for
constexpr std::size_t roomForOthers = 64 << 10;    // records of connections, children, throttles
// Linux frees a received packet where it came from, and wakes that processor for it when a few dozen have been read in a row.
constexpr int eventsMax = 24;

struct LeaderState {
  epoll_event events[eventsMax];
  std::vector<int> paused;  // connections that are not read from because the program does not read
};
constinit NeverDestroyed<LeaderState> leaderState;
constinit bool takeoverDue = false;
constinit bool listening = false;
constinit LoneCaller loneCaller;

EventTag tagOf(const Connection& connection) {
  return {Source::connection, connection.fd, connection.generation};
}

void setWatched(Connection& connection, std::uint32_t events) {
  connection.watched = events;
  rewatchKernel(connection.realFd, events, tagOf(connection));
}

void pauseInput(Connection& connection) {
  setWatched(connection, connection.watched & ~static_cast<std::uint32_t>(EPOLLIN));
  leaderState.value.paused.push_back(connection.fd);
}

void resumePaused() {
  std::erase_if(leaderState.value.paused, [](int fd) {
    Connection* connection = descriptors.connection(fd);
    if (connection == nullptr || connection->realFd < 0) return true;
    if (connection->input.size() > unreadBytesMax) return false;
    setWatched(*connection, connection->watched | EPOLLIN);
    return true;
  });
}

void logEnd(TurnWriter& writer, Connection& connection, bool reset) {
  connection.inputLogged = writer.add(RecordKind::ended, connection.fd, reset ? 1 : 0);
}

// Waiting bytes go from the kernel straight into the entry.
void readConnection(TurnWriter& writer, Connection& connection, std::size_t bytesMax) {
  if (connection.inputLogged) {  // the program has not acted on the end yet; the kernel must not repeat it
    unwatchKernel(connection.realFd);
    return;
  }
  if (connection.input.size() > unreadBytesMax) return pauseInput(connection);
  const auto room = writer.payloadRoom();
  if (room.size() < 4096) return;  // still readable in the next turn
  const ssize_t got = receiveNow(connection.realFd, room.first(std::min(room.size(), bytesMax)));
  if (got > 0)
    writer.add(RecordKind::input, connection.fd, 0, static_cast<std::size_t>(got));
  else if (got == 0)
    logEnd(writer, connection, false);
  else if (errno != EAGAIN && errno != EINTR)
    logEnd(writer, connection, true);
}

void connectionEvent(TurnWriter& writer, const EventTag& tag, std::uint32_t events, std::size_t bytesMax) {
  if (tag.fd == 0) return flushLingering(static_cast<int>(tag.generation));
  Connection* connection = descriptors.connection(tag.fd);
  if (connection == nullptr || connection->generation != tag.generation || connection->realFd < 0) return;
  if ((events & EPOLLOUT) != 0 && !connection->output.empty()) flushOutput(*connection);
  if ((events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) readConnection(writer, *connection, bytesMax);
}

void pipeEvent(TurnWriter& writer, int fd) {
  const auto room = writer.payloadRoom();
  const ssize_t got = room.size() < 4096 ? -1 : real().read(fd, room.data(), 4096);
  if (got > 0) writer.add(RecordKind::pipeInput, fd, 0, static_cast<std::size_t>(got));
  if (got == 0) writer.add(RecordKind::pipeEnded, fd, 0);
}

void childEvent(TurnWriter& writer, int virtualPid) {
  int status = 0;
  if (reapChild(virtualPid, &status))
    writer.add(RecordKind::childExit, virtualPid, static_cast<std::uint32_t>(status));
}

void programEvent(TurnWriter& writer, int fd, std::uint32_t events) {
  if (descriptors.interest(fd).epollFd < 0 && !isPolled(fd)) return unwatchKernel(fd);
  writer.add(RecordKind::programReady, fd, events);
}

void collectEvent(TurnWriter& writer, const epoll_event& event, std::size_t bytesMax) {
  const EventTag tag = EventTag::unpack(event.data.u64);
  switch (tag.source) {
    case Source::connection:
      return connectionEvent(writer, tag, event.events, bytesMax);
    case Source::listener:
      return acceptWaiting(writer, tag.fd);
    case Source::datagrams:
      return collectDatagrams(writer, tag.fd);
    case Source::childPipe:
      return pipeEvent(writer, tag.fd);
    case Source::child:
      return childEvent(writer, tag.fd);
    case Source::program:
      return programEvent(writer, tag.fd, event.events);
    case Source::thread:
      return drainReturned();
    case Source::signal:
      return;  // collected below
    case Source::wake:
    case Source::visitor:
      return;  // handled before the entry was begun
  }
}

// Output bounds crossed since the last turn become events that all replicas see.
void collectOverfull(TurnWriter& writer) {
  int fd;
  while (nextOverfull(&fd)) {
    Connection* connection = descriptors.connection(fd);
    if (connection == nullptr || connection->realFd < 0) continue;
    const bool full = connection->output.size() > options->outputBytesSoft / 2;
    connection->throttleAsked = full;
    if (connection->output.size() > options->outputBytesMax) {
      connection->output.clear();
      real().shutdown(connection->realFd, SHUT_RDWR);
      logEnd(writer, *connection, true);
    } else if (full != connection->throttled) {
      writer.add(RecordKind::throttle, fd, full ? 1 : 0);
    }
  }
}

bool housekeep(std::span<const epoll_event> events) {
  const auto saidBy = [events](Source source) {
    return std::ranges::any_of(events, [source](const epoll_event& event) { return EventTag::unpack(event.data.u64).source == source; });
  };
  if (saidBy(Source::wake)) runtime->housekeep();
  if (saidBy(Source::visitor)) receiveVisitors();
  return mode() == Mode::replicating && runtime->leading();
}

std::size_t roomFor(std::size_t eventCount) {
  if (eventCount <= 1) return inputBytesAlone + roomForOthers;
  return std::min(eventCount * inputBytesPerConnection, inputBytesPerTurn) + roomForOthers;
}

// False: leadership is lost and the outcome unknown; if the entry lives on, it comes back as a follower's.
bool proposeTurn(TurnWriter& writer, std::span<const std::byte> room) {
  const std::size_t bytes = writer.finish(sampleClock());
  const Index index = runtime->propose(bytes);
  if (index == 0) {
    stopLeading();
    return false;
  }
  takeoverDue = false;
  enterEntry(index, room.first(bytes));
  return true;
}

// The turn in which the group takes a snapshot has nothing else in it: what the kernel reports comes again.
bool orderSnapshot() {
  const auto room = runtime->reserve(roomForOthers);
  if (room.empty()) {
    stopLeading();
    return false;
  }
  TurnWriter writer(room, TurnType::turn);
  const std::uint32_t taker = chooseSnapshotTaker();
  writer.add(RecordKind::snapshot, 0, taker);
  snapshotIsOrdered(taker);
  return proposeTurn(writer, room);
}

bool collectTurn(std::span<const epoll_event> events, bool due) {
  const auto room = runtime->reserve(roomFor(events.size()));
  if (room.size() < roomForOthers) {
    stopLeading();
    return false;
  }
  TurnWriter writer(room, takeoverDue ? TurnType::takeover : TurnType::turn);
  const std::size_t bytesMax = events.size() == 1 ? inputBytesAlone : inputBytesPerConnection;
  for (const epoll_event& event : events) collectEvent(writer, event, bytesMax);
  collectOverfull(writer);
  collectReturned(writer);
  collectSignals(writer);
  if (writer.empty() && !due && !takeoverDue) return false;  // only output was flushed
  return proposeTurn(writer, room);
}

int lookForEvents() {
  auto& events = leaderState.value.events;
  const std::uint64_t sinceNs = realClock().monotonicNs;
  int count;
  do {
    count = real().epoll_wait(kernelEventsFd(), events, eventsMax, 0);
  } while (count == 0 && realClock().monotonicNs - sinceNs < LoneCaller::lookNs);
  return count;
}

std::span<const epoll_event> awaitEvents(int timeoutMs) {
  auto& events = leaderState.value.events;
  int count = 0;
  if (timeoutMs != 0 && loneCaller.expected()) {
    count = lookForEvents();
    if (count == 0) loneCaller.interrupted();
  }
  if (count == 0) count = real().epoll_wait(kernelEventsFd(), events, eventsMax, timeoutMs);
  if (count == 1 && EventTag::unpack(events[0].data.u64).source == Source::connection)
    loneCaller.heard(events[0].data.u64);
  else if (count > 0)
    loneCaller.interrupted();
  return {events, count > 0 ? static_cast<std::size_t>(count) : 0};
}

}  // namespace

bool leaderTurn() {
  if (!runtime->leading()) {
    stopLeading();
    return false;
  }
  const SnapshotStep step = nextSnapshotStep();
  if (step == SnapshotStep::order) return orderSnapshot();
  if (step == SnapshotStep::closeClients) takeoverDue = true;
  resumePaused();
  const auto polled = polledByWaiters();
  watchPolled(polled);
  watchPipes(polled);
  const bool immediate = takeoverDue || anyWaiterReady();
  const int timeoutMs = immediate ? 0 : waitersLeftMs(sampleClock());
  const std::span<const epoll_event> seen = awaitEvents(timeoutMs);
  if (!housekeep(seen)) return false;
  return collectTurn(seen, immediate || (seen.empty() && timeoutMs >= 0));
}

void startLeading() {
  continueMonotonic();
  takeoverDue = true;
  if (!listening) watchKernel(runtime->wakeFd(), EPOLLIN, {Source::wake, 0, 0});
  if (!listening) watchKernel(returnedFd(), EPOLLIN, {Source::thread, 0, 0});
  if (!listening) watchKernel(signalsFd(), EPOLLIN, {Source::signal, 0, 0});
  listening = true;
  for (const Listener& listener : descriptors.listeners()) watchListener(listener);
  watchDatagramSockets();
  watchChildren();
  announceRole();
}

void stopLeading() {
  if (!leadingHere) return;
  leadingHere = false;
  forgetSnapshotOrder();
  dropAllIncoming();
  for (const Listener& listener : descriptors.listeners()) unwatchKernel(listener.fd);
  unwatchDatagramSockets();
  unwatchPipes();
  for (int fd = connectionFdFirst; fd < descriptors.connectionFdEnd(); ++fd) {
    Connection* connection = descriptors.connection(fd);
    if (connection == nullptr || connection->realFd < 0) continue;
    real().close(connection->realFd);
    connection->realFd = -1;
    connection->output.clear();
  }
  dropLingering();
  announceRole();
}

void watchConnection(Connection& connection) {
  connection.watched = EPOLLIN;
  watchKernel(connection.realFd, EPOLLIN, tagOf(connection));
}
void renameConnection(Connection& connection) {
  connection.throttleAsked = false;
  if (connection.realFd >= 0) setWatched(connection, connection.watched | EPOLLIN);
}
void watchListener(const Listener& listener) {
  watchKernel(listener.fd, EPOLLIN, {listener.local ? Source::visitor : Source::listener, listener.fd, 0});
}
void watchChild(int pidFd, int virtualPid) { watchKernel(pidFd, EPOLLIN, {Source::child, virtualPid, 0}); }
void watchProgramDescriptor(int fd, std::uint32_t events) {
  watchKernel(fd, events, {Source::program, fd, 0});
}

}  // namespace gaia::interpose
