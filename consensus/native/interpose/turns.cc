#include "turns.h"

#include <cstring>
#include <vector>

#include "../core/recent_output.h"
#include "children.h"
#include "clock.h"
#include "datagrams.h"
#include "descriptors.h"
#include "incoming.h"
#include "kernel_events.h"
#include "leader.h"
#include "local_wait.h"
#include "process.h"
#include "ready.h"
#include "signals.h"
#include "snapshot.h"
#include "snapshot_restore.h"
#include "termination.h"
#include "threads.h"
#include "timers.h"
#include "trace.h"
#include "unexpected.h"
#include "visits.h"

namespace gaia::interpose {

Runtime* runtime = nullptr;
constinit bool leadingHere = false;
constinit OutputDigest outputDigest;
constinit std::uint64_t turnInputBytes = 0;

namespace {

// An entry that has been executed and not yet reported to the runtime.
struct Executed {
  Index index;
  std::uint64_t outputHash;
  std::uint32_t clockCalls;
};

constinit Index currentIndex = 0;
constinit bool uncommitted = false;  // refreshes were appended and not committed
std::vector<Executed>* waitingForCommit = nullptr;
Entry stashed;  // taken from the runtime, to be applied at the next wait
constinit bool hasStashed = false;
// A member that joins by a hook's snapshot runs its timers in other turns; from the first one on, which the log says to
// all, clock calls are not compared.
constinit bool comparesClockCalls = true;

void report(const Executed& executed) {
  traceTurn(executed.index, executed.outputHash, executed.clockCalls, turnInputBytes);
  runtime->applied(executed.index, executed.outputHash, executed.clockCalls);
}

// Input that the program has not read is kept: the entry's memory may be reused from here on.
void endEntry() {
  if (currentIndex == 0) return;
  keepUnread();
  const Executed executed{currentIndex, outputDigest.value(), comparesClockCalls ? programClock.calls : 0};
  currentIndex = 0;
  runtime->recentOutput().end(executed.index, executed.outputHash, executed.clockCalls);
  if (uncommitted)
    waitingForCommit->push_back(executed);
  else
    report(executed);
}

void applyInput(const Record& record) {
  Connection* connection = descriptors.connection(record.head.fd);
  if (connection == nullptr) return countUnexpected(Unexpected::turnOrder);
  connection->input.add(record.payload);
  turnInputBytes += record.payload.size();
  markReady(record.head.fd);
}

void applyEnd(const Record& record) {
  Connection* connection = descriptors.connection(record.head.fd);
  if (connection == nullptr) return countUnexpected(Unexpected::turnOrder);
  connection->ended = true;
  connection->reset = record.head.value != 0;
  if (connection->reset) connection->input.release();
  markReady(record.head.fd);
}

void applyAccepted(const Record& record) {
  Listener* listener = descriptors.listener(record.head.fd);
  const int realFd = takeIncoming();
  if (listener == nullptr || record.payload.size() != sizeof(AcceptedAddresses)) {
    dropIncoming(realFd);
    return countUnexpected(Unexpected::turnOrder);
  }
  QueuedConnection& queued = listener->queue.emplace_back();
  memcpy(&queued.addresses, record.payload.data(), sizeof queued.addresses);
  queued.realFd = realFd;
  markReady(record.head.fd);
}

void applyThrottle(const Record& record) {
  Connection* connection = descriptors.connection(record.head.fd);
  if (connection == nullptr) return countUnexpected(Unexpected::turnOrder);
  connection->throttled = record.head.value != 0;
  if (!connection->throttled) markReady(record.head.fd);
}

void applyProgramReady(const Record& record) {
  if (descriptors.kind(record.head.fd) != Kind::pair) countUnexpected(Unexpected::programDescriptorReady);
  descriptors.setProgramReady(record.head.fd, record.head.value);
  markReady(record.head.fd);
}

void applyRecord(const Record& record) {
  switch (record.head.kind) {
    case RecordKind::input:
      return applyInput(record);
    case RecordKind::ended:
      return applyEnd(record);
    case RecordKind::accepted:
      return applyAccepted(record);
    case RecordKind::throttle:
      return applyThrottle(record);
    case RecordKind::childExit:
      return applyChildExit(record.head.fd, static_cast<int>(record.head.value));
    case RecordKind::pipeInput:
      return applyPipeInput(record.head.fd, record.payload);
    case RecordKind::pipeEnded:
      return applyPipeEnd(record.head.fd);
    case RecordKind::programReady:
      return applyProgramReady(record);
    case RecordKind::signal:
      return applySignal(record.head.fd);
    case RecordKind::datagram:
      return applyDatagram(record);
    case RecordKind::threadReturned:
      return admitReturned(record.head.fd);
    case RecordKind::snapshot:
      comparesClockCalls = false;
      return applySnapshotOrder(record.head.value);
  }
  countUnexpected(Unexpected::turnOrder);
}

// The former leader's clients, or those of a leader that has a snapshot taken: the program reads what was committed of them, then the end of the stream.
void endAllConnections() {
  for (Listener& listener : descriptors.listeners()) {
    for (const QueuedConnection& queued : listener.queue) dropIncoming(queued.realFd);
    listener.queue.clear();
  }
  for (int fd = connectionFdFirst; fd < descriptors.connectionFdEnd(); ++fd) {
    Connection* connection = descriptors.connection(fd);
    if (connection == nullptr) continue;
    connection->ended = true;
    connection->inputLogged = true;
    connection->throttled = false;
    markReady(fd);
  }
}

bool isRefresh(const Entry& entry) {
  const TurnReader reader(entry.payload);
  return reader.valid() && reader.header().type == TurnType::refresh;
}

void becomeLeader() {
  leadingHere = true;
  startLeading();
}

bool followEntry(const Entry& entry) {
  const bool refresh = isRefresh(entry);  // before: a child that is forked there has not got the entry's memory
  enterEntry(entry.index, entry.payload);
  if (!refresh) return true;
  countUnexpected(Unexpected::turnOrder);  // the leader made more clock calls in its turn than this replica
  endEntry();
  return false;
}

// The member was told to stop, or its disk cannot be trusted any more.
void endMember() {
  const DiskStatus disk = runtime->status().disk;
  if (disk.ended) giveUp(disk.error.c_str());
  detach();
}

// True when a turn was entered.
bool followerTurn() {
  if (hasStashed) {
    hasStashed = false;
    return followEntry(stashed);
  }
  lookForVisitors();
  if (mode() != Mode::replicating) return false;
  Entry entry;
  switch (runtime->wait(&entry, anyLocalListener() ? std::int64_t{visitPauseMs} * 1'000'000 : -1)) {
    case Wake::entry:
      return followEntry(entry);
    case Wake::lead:
      becomeLeader();
      return false;
    case Wake::stopped:
      endMember();
      return false;
    case Wake::snapshot:
    case Wake::restore:
    case Wake::timeout:
      return false;
  }
  return false;
}

// Follower in the middle of a turn. False: it leads now and makes the refresh itself.
bool awaitRefresh() {
  while (mode() == Mode::replicating) {
    Entry entry;
    switch (runtime->wait(&entry, -1)) {
      case Wake::entry:
        if (isRefresh(entry)) {
          enterEntry(entry.index, entry.payload);
        } else {
          countUnexpected(Unexpected::turnOrder);  // this replica made more clock calls than the leader
          stashed = entry;
          hasStashed = true;
          programClock.calls = 0;
        }
        return true;
      case Wake::lead:
        becomeLeader();
        return false;
      case Wake::stopped:
        endMember();
        return true;
      case Wake::snapshot:
      case Wake::restore:
      case Wake::timeout:
        break;
    }
  }
  return true;
}

// False: no longer leading, nothing was appended.
bool appendRefresh() {
  const auto room = runtime->reserve(sizeof(TurnHeader));
  if (room.size() < sizeof(TurnHeader)) return false;
  TurnWriter writer(room, TurnType::refresh);
  const std::size_t bytes = writer.finish(sampleClock());
  const Index index = runtime->append(bytes);
  if (index == 0) return false;
  enterEntry(index, room.first(bytes));
  uncommitted = true;
  return true;
}

}  // namespace

void ensureCommitted() {
  if (!uncommitted) [[likely]]
    return;
  OutsideTurn outside;
  if (!runtime->commit())
    giveUp(
        "leadership was lost in the middle of a long turn, after its clock had been refreshed without a "
        "majority's "
        "consent; this member must be replaced by a new one that joins");
  uncommitted = false;
  for (const Executed& executed : *waitingForCommit) report(executed);
  waitingForCommit->clear();
}

void enterEntry(Index index, std::span<const std::byte> payload) {
  TurnReader reader(payload);
  if (!reader.valid())
    giveUp("an entry of the log is not a turn; all members must run the same release of GAIA");
  currentIndex = index;
  outputDigest.begin();
  turnInputBytes = 0;
  setClock(reader.header().clock);
  if (reader.header().type == TurnType::refresh) return;
  forgetServed();
  if (reader.header().type == TurnType::takeover) endAllConnections();
  Record record;
  while (reader.next(&record)) applyRecord(record);
  noteExpirations();
  if (!reader.valid()) countUnexpected(Unexpected::turnOrder);
}

bool obtainTurn() {
  if (mode() == Mode::snapshotting) {
    snapshotChildTurn();
    return true;
  }
  enterRestored();
  ensureCommitted();
  endEntry();
  const bool detachedBefore = mode() == Mode::detached;
  while (mode() == Mode::replicating)
    if (leadingHere ? leaderTurn() : followerTurn()) return false;
  if (mode() == Mode::visited) {
    visitTurn();
    return false;
  }
  return !detachedBefore || waitDetached(waitersLeftMs(programClock.now));
}

void refreshClock() {
  if (mode() != Mode::replicating || runtime == nullptr || currentIndex == 0) {
    if (mode() == Mode::detached || mode() == Mode::visited) setClock(sampleClock());
    return;
  }
  OutsideTurn outside;
  if (waitingForCommit == nullptr) waitingForCommit = new std::vector<Executed>;
  if (waitingForCommit->size() >= 256) ensureCommitted();
  endEntry();
  if (leadingHere && appendRefresh()) return;
  if (leadingHere) {
    if (uncommitted) ensureCommitted();
    stopLeading();
  }
  while (!awaitRefresh())
    if (appendRefresh())
      return;
    else
      stopLeading();
}

void forgetEntry() { currentIndex = 0; }

void detach() {
  stopLeading();
  unwatchKernel(runtime->wakeFd());
  setMode(Mode::detached);
  continueMonotonic();
  keepHeardSignals();
  announceDetached();
}

}  // namespace gaia::interpose
