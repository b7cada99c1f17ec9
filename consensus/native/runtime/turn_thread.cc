#include "runtime/turn_thread.h"

#include <algorithm>

#include "transport/sys.h"

namespace gaia {
namespace {

constexpr std::size_t deliveriesMax = 4096;
constexpr std::size_t deliveryBytesMax = 32u << 20;
constexpr std::size_t batchEntriesMax = 128;       // appended before one commit
constexpr std::size_t batchBytesMax = 2u << 20;    // far below a ring, so that its own batch never fills it
constexpr std::uint64_t awaitWorkNs = 1'000'000'000;
constexpr std::uint64_t watchNs = 60'000'000'000;

}  // namespace

TurnThread::TurnThread(std::unique_ptr<Runtime> runtime, std::function<void()> ring, Deciding deciding)
    : runtime_(std::move(runtime)),
      ring_(std::move(ring)),
      deciding_(deciding),
      workFd_(sys::eventDescriptor()),
      saveFd_(sys::eventDescriptor()),
      endFd_(sys::eventDescriptor()),
      watcher_([this] { watch(); }),
      thread_([this] { run(); }) {}

TurnThread::~TurnThread() {
  stop();
  join();
  sys::close(workFd_);
  sys::close(saveFd_);
  sys::close(endFd_);
}

TurnThread::Proposal TurnThread::propose(std::uint64_t proposal, std::vector<std::byte> bytes) {
  const std::scoped_lock guard(mutex_);
  if (!accepting_) return Proposal::notLeading;
  if (proposals_.size() >= proposalsMax || proposalBytes_ + bytes.size() > proposalBytesMax) return Proposal::full;
  proposalBytes_ += bytes.size();
  proposals_.push_back({proposal, std::move(bytes)});
  if (proposals_.size() == 1 && deciding_ == Deciding::inTurn) sys::signal(workFd_);
  return Proposal::queued;
}

void TurnThread::decide() {
  std::unique_lock turn(turn_, std::try_to_lock);
  const bool here = turn.owns_lock() && undecided_.empty() && roomForBatch();
  if (here) appendBatch();
  if (here && !undecided_.empty() && runtime_->commitAtOnce()) tellOutcome(true);
  const bool undecided = !turn.owns_lock() || !undecided_.empty();
  if (turn.owns_lock()) turn.unlock();
  const std::scoped_lock guard(mutex_);
  if (undecided || !proposals_.empty()) sys::signal(workFd_);
}

void TurnThread::look() {
  const std::scoped_lock guard(mutex_);
  if (runtime_ != nullptr) runtime_->look();
}

bool TurnThread::withdraw(std::uint64_t proposal) {
  const std::scoped_lock guard(mutex_);
  const auto found = std::find_if(proposals_.begin(), proposals_.end(),
                                  [&](const Waiting& waiting) { return waiting.proposal == proposal; });
  if (found == proposals_.end()) return false;
  proposalBytes_ -= found->bytes.size();
  proposals_.erase(found);
  return true;
}

bool TurnThread::take(TurnEvent* event) {
  const std::scoped_lock guard(mutex_);
  if (events_.empty()) return false;
  *event = std::move(events_.front());
  events_.pop_front();
  if (event->kind == TurnEvent::Kind::status) statusQueued_ = false;
  if (event->kind == TurnEvent::Kind::entry) {
    deliveryCount_--;
    deliveryBytes_ -= event->payload.size();
    if (decidedBefore_ > 0) decidedBefore_--;
    taken_.notify_one();
  }
  return true;
}

bool TurnThread::pending() const {
  const std::scoped_lock guard(mutex_);
  return !events_.empty();
}

bool TurnThread::leads() const {
  const std::scoped_lock guard(mutex_);
  return accepting_;
}

std::uint64_t TurnThread::reign() const {
  const std::scoped_lock guard(mutex_);
  return accepting_ && decidedBefore_ == 0 ? reign_ : 0;
}

Status TurnThread::status() const {
  const std::scoped_lock guard(mutex_);
  Status status = runtime_ == nullptr ? last_ : runtime_->status();
  if (status.role == Role::leader && !accepting_) status.role = Role::candidate;  // it applies what it adopted
  return status;
}

Metrics TurnThread::metrics() const {
  const std::scoped_lock guard(mutex_);
  return runtime_ == nullptr ? lastMetrics_ : runtime_->metrics();
}

void TurnThread::removeMember(std::uint8_t slot, std::uint32_t number) {
  const std::scoped_lock guard(mutex_);
  if (runtime_ != nullptr) runtime_->removeMember(slot, number);
}

void TurnThread::transferLeadership(std::uint32_t number) {
  const std::scoped_lock guard(mutex_);
  if (runtime_ != nullptr) runtime_->transferLeadership(number);
}

void TurnThread::stop() {
  const std::scoped_lock guard(mutex_);
  if (stopping_.exchange(true)) return;
  if (runtime_ != nullptr) runtime_->stop();
  sys::signal(workFd_);
  taken_.notify_one();
}

void TurnThread::join() {
  if (thread_.joinable()) thread_.join();
}

void TurnThread::run() {
  Entry entry;
  for (bool going = true; going;) {
    switch (runtime_->wait(&entry, -1)) {
      case Wake::entry:
        deliver(entry.index, entry.payload);
        runtime_->applied(entry.index, 0, 0);
        break;
      case Wake::lead: lead(); break;
      case Wake::snapshot: askForSnapshot(); break;
      case Wake::restore: restore(); break;
      case Wake::timeout: break;
      case Wake::stopped: going = false;
    }
  }
  end();
}

void TurnThread::lead() {
  setAccepting(true);
  while (runtime_->leading() && !stopping_) {
    const bool woken = awaitWork();
    const std::scoped_lock turn(turn_);
    if (woken) runtime_->housekeep();
    proposeBatch();
    if (runtime_->snapshotDue()) askForSnapshot();
  }
  const std::scoped_lock turn(turn_);
  if (!undecided_.empty()) tellOutcome(runtime_->commit());
  setAccepting(false);
}

// True: the runtime has something for its turn thread to do.
bool TurnThread::awaitWork() {
  std::unique_lock guard(mutex_);
  const std::uint64_t timeoutNs = proposals_.empty() && !stopping_ ? awaitWorkNs : 0;
  guard.unlock();
  std::array<pollfd, 2> descriptors{{{runtime_->wakeFd(), POLLIN, 0}, {workFd_, POLLIN, 0}}};
  if (sys::poll(descriptors, timeoutNs) <= 0) return false;
  if (descriptors[1].revents != 0) sys::drain(workFd_);
  return descriptors[0].revents != 0;
}

std::vector<TurnThread::Waiting> TurnThread::takeBatch() {
  const std::scoped_lock guard(mutex_);
  std::vector<Waiting> batch;
  for (std::size_t bytes = 0; !proposals_.empty() && batch.size() < batchEntriesMax;) {
    bytes += proposals_.front().bytes.size();
    if (!batch.empty() && bytes > batchBytesMax) break;
    proposalBytes_ -= proposals_.front().bytes.size();
    batch.push_back(std::move(proposals_.front()));
    proposals_.pop_front();
  }
  return batch;
}

// Appends from the front while there is room and leadership; how many, and the index of the first.
std::size_t TurnThread::append(const std::vector<Waiting>& batch, Index* first) {
  for (std::size_t i = 0; i < batch.size(); i++) {
    const auto room = runtime_->reserve(batch[i].bytes.size());
    if (room.empty()) return i;
    std::copy(batch[i].bytes.begin(), batch[i].bytes.end(), room.begin());
    const Index index = runtime_->append(batch[i].bytes.size());
    if (index == 0) return i;
    if (i == 0) *first = index;
  }
  return batch.size();
}

void TurnThread::proposeBatch() {
  if (undecided_.empty()) appendBatch();
  if (!undecided_.empty()) tellOutcome(runtime_->commit());
}

void TurnThread::appendBatch() {
  if (!runtime_->leading()) return;
  undecided_ = takeBatch();
  const std::size_t appended = append(undecided_, &undecidedFrom_);
  returnToQueue(undecided_, appended);
  undecided_.resize(appended);
}

void TurnThread::tellOutcome(bool committed) {
  if (committed && deciding_ == Deciding::atOnce) runtime_->announce();
  Index index = undecidedFrom_;
  for (const Waiting& waiting : undecided_) {
    if (!committed) {
      add({TurnEvent::Kind::unknown, 0, waiting.proposal, {}});
      continue;
    }
    deliver(index, waiting.bytes);
    runtime_->applied(index, 0, 0);
    add({TurnEvent::Kind::committed, index++, waiting.proposal, {}});
  }
  undecided_.clear();
}

// Also for a batch of the largest size: the caller, who is to take what is delivered, must not wait for that.
bool TurnThread::roomForBatch() const {
  const std::scoped_lock guard(mutex_);
  return accepting_ && deliveryCount_ + batchEntriesMax <= deliveriesMax &&
         deliveryBytes_ + batchBytesMax + entryBytesMax <= deliveryBytesMax;
}

void TurnThread::returnToQueue(std::vector<Waiting>& batch, std::size_t from) {
  const std::scoped_lock guard(mutex_);
  for (std::size_t i = batch.size(); i-- > from;) {
    proposalBytes_ += batch[i].bytes.size();
    proposals_.push_front(std::move(batch[i]));
  }
}

// Its status event stands behind all entries so far, whatever other one waits before them.
void TurnThread::setAccepting(bool accepting) {
  std::deque<Waiting> refused;
  {
    const std::scoped_lock guard(mutex_);
    accepting_ = accepting;
    if (accepting) reign_++;
    decidedBefore_ = deliveryCount_;
    statusQueued_ = false;
    refused.swap(proposals_);
    proposalBytes_ = 0;
  }
  for (const Waiting& waiting : refused) add({TurnEvent::Kind::refused, 0, waiting.proposal, {}});
  add({TurnEvent::Kind::status, 0, 0, {}});
}

void TurnThread::deliver(Index index, std::span<const std::byte> payload) {
  {
    std::unique_lock guard(mutex_);
    taken_.wait(guard, [&] {
      const bool room = deliveryCount_ < deliveriesMax && deliveryBytes_ + payload.size() <= deliveryBytesMax;
      return room || stopping_;
    });
    if (stopping_) return;
    deliveryCount_++;
    deliveryBytes_ += payload.size();
  }
  add({TurnEvent::Kind::entry, index, 0, {payload.begin(), payload.end()}});
}

void TurnThread::add(TurnEvent event) {
  {
    const std::scoped_lock guard(mutex_);
    const bool status = event.kind == TurnEvent::Kind::status;
    if (status && statusQueued_) return;
    statusQueued_ = statusQueued_ || status;
    events_.push_back(std::move(event));
  }
  ring_();
}

// The state is that of the embedder once it has seen every event so far.
void TurnThread::askForSnapshot() {
  auto writer = runtime_->takeSnapshot("program");
  if (writer == nullptr) return;
  const Index index = writer->index();
  {
    const std::scoped_lock guard(mutex_);
    snapshot_ = std::move(writer);
  }
  add({TurnEvent::Kind::snapshot, index, 0, {}});
}

void TurnThread::saveSnapshot(std::vector<std::byte> state) {
  const std::scoped_lock guard(mutex_);
  if (snapshot_ == nullptr) return;
  state_ = std::move(state);
  sys::signal(saveFd_);
}

void TurnThread::refuseSnapshot() {
  const std::scoped_lock guard(mutex_);
  snapshot_.reset();
}

void TurnThread::writeSnapshot() {
  std::unique_ptr<SnapshotWriter> writer;
  std::optional<std::vector<std::byte>> state;
  {
    const std::scoped_lock guard(mutex_);
    writer = std::move(snapshot_);
    state.swap(state_);
  }
  if (writer != nullptr && state && writer->write(*state)) writer->finish();
}

void TurnThread::restore() {
  const auto reader = runtime_->snapshotToRestore();
  if (reader == nullptr) return;
  std::vector<std::byte> state(std::min<std::uint64_t>(reader->bytes(), snapshotBytesMax));
  std::size_t read = 0;
  std::ptrdiff_t part = 0;
  while (read < state.size() && (part = reader->read(std::span(state).subspan(read))) > 0)
    read += static_cast<std::size_t>(part);
  const bool usable = read == reader->bytes();
  if (usable) add({TurnEvent::Kind::restore, reader->index(), 0, std::move(state)});
  runtime_->restored(usable);
}

void TurnThread::watch() {
  for (;;) {
    std::array<pollfd, 3> descriptors{
        {{endFd_, POLLIN, 0}, {runtime_->statusFd(), POLLIN, 0}, {saveFd_, POLLIN, 0}}};
    sys::poll(descriptors, watchNs);
    if (descriptors[0].revents != 0) return;
    if (descriptors[2].revents != 0) {
      sys::drain(saveFd_);
      writeSnapshot();
    }
    if (descriptors[1].revents == 0) continue;
    sys::drain(runtime_->statusFd());
    add({TurnEvent::Kind::status, 0, 0, {}});
  }
}

void TurnThread::end() {
  sys::signal(endFd_);
  watcher_.join();
  std::unique_ptr<Runtime> ending;
  {
    const std::scoped_lock guard(mutex_);
    last_ = runtime_->status();
    lastMetrics_ = runtime_->metrics();
    snapshot_.reset();
    ending = std::move(runtime_);
  }
  ending.reset();
  add({TurnEvent::Kind::ended, 0, 0, {}});
}

}  // namespace gaia
