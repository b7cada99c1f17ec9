// When a snapshot is due here, taking and restoring it, and giving back the journal that it makes unneeded.
#include <algorithm>

#include "runtime/early_fetch.h"
#include "runtime/member.h"

namespace gaia {
namespace {

constexpr std::uint64_t keepIntervalNs = 100'000'000;
constexpr std::size_t segmentsForLaggards = 2;  // kept below what is needed
constexpr std::uint64_t orderedWithinNs = 60'000'000'000;
constexpr std::uint64_t againNs = 10'000'000'000;  // after one that could not be taken

}  // namespace

void MemberRuntime::answerJournal(std::uint32_t reader, Index from, std::vector<std::byte>* into) {
  readers_.note(reader, from, false, sys::nowNs());
  journal_->read(from, journalAnswerBytesMax, into);
}

void MemberRuntime::answerSnapshot(std::uint32_t reader, Index index, std::uint32_t number,
                                   std::vector<std::byte>* into) {
  const std::uint64_t nowNs = sys::nowNs();
  if (index == 0) return demand_.ask(nowNs);
  *into = snapshots_->piece(index, number);
  if (!into->empty()) readers_.note(reader, index + 1, true, nowNs);
}

bool MemberRuntime::snapshotOnItsWay(std::uint64_t nowNs) const {
  if (core_->newestSnapshot() >= orderedAt_ || nowNs - orderedNs_ > orderedWithinNs) return false;
  const auto link = links_.find(orderedFrom_);
  return orderedFrom_ == 0 || orderedFrom_ == options_.self.number ||
         (link != links_.end() && link->second->open());
}

// Members take snapshots one after the other, by rank, so that one is enough for all as long as it comes.
// With durability `disk` each takes its own.
bool MemberRuntime::snapshotWanted(std::uint64_t nowNs) {
  const Index applied = core_->appliedIndex();
  const bool counts = core_->configuration().byNumber(options_.self.number) != nullptr;
  if (options_.snapshots == Snapshots::none || !counts || applied == 0 || snapshots_->taking()) return false;
  const bool ordered = options_.snapshots == Snapshots::ordered;
  if (ordered && (core_->role() != Role::leader || snapshotOnItsWay(nowNs))) return false;
  const std::uint64_t failedNs = snapshots_->failedNs();
  if (failedNs != 0 && nowNs - failedNs < againNs) return false;
  // A journal that reaches its limit is of no use to anyone: by then a snapshot has been taken.
  const std::uint64_t limit = std::min(options_.snapshotLogBytes, options_.journalBytesMax / 2);
  const Index newest = wal_ ? snapshots_->index() : core_->newestSnapshot();
  demand_.see(newest, nowNs);
  const bool grown = newest < applied && !readers_.ofPieces() && journal_->bytesAfter(newest) > limit;
  if (grown || (!wal_ && !journal_->error().empty())) demand_.note(nowNs);
  return demand_.due(ordered ? 0 : core_->snapshotRank(), nowNs);
}

// Under the lock. Sets snapshotDue_ and says so to a turn thread that waits or leads.
void MemberRuntime::tendSnapshots(std::uint64_t nowNs) {
  publishKept();
  if (nowNs - keptNs_ < keepIntervalNs) return;
  keptNs_ = nowNs;
  readers_.forget(core_->configuration(), nowNs);
  const bool due = snapshotWanted(nowNs);
  if (due && !snapshotDue_) {
    changed_ = true;
    if (leading_) sys::signal(wakeFd_);
  }
  snapshotDue_ = due;
  // Its turn thread waits for a commit, which may need a member that waits for this very snapshot.
  if (due && options_.snapshots == Snapshots::own && core_->stuck()) core_->stepDown();
  // Whoever lags is waited for until the journal nears its limit; from then on it needs a snapshot.
  const bool full = journal_->bytes() >= options_.journalBytesMax / 2;
  Index needed = full ? core_->newestSnapshot() + 1 : core_->neededFrom();
  if (wal_) needed = std::min(needed, snapshots_->index() + 1);  // it returns from what it has itself
  if (options_.snapshots != Snapshots::none)
    journal_->dropBelow(readers_.lowest(needed), full ? 0 : segmentsForLaggards);
}

void MemberRuntime::publishKept() {
  Control& control = region_->control();
  storeWord(control.snapshotIndex, snapshots_->index());
  storeWord(control.journalFrom, journal_->first());
}

std::unique_ptr<SnapshotWriter> MemberRuntime::takeSnapshot(const std::string& provider) {
  Manifest manifest;
  {
    const Guard guard(lock_);
    snapshotDue_ = false;
    manifest = core_->manifestHere();
  }
  if (snapshots_->index() >= manifest.id.index) return nullptr;  // entries of a former life, once more
  if (!wal_ && !journal_->error().empty())
    journal_->restart(manifest.id.index);  // what follows the snapshot is all that matters
  manifest.provider = provider.substr(0, 15);
  auto writer = std::make_unique<PieceWriter>(snapshots_, std::move(manifest));
  if (!writer->begun()) return nullptr;
  return writer;
}

void MemberRuntime::snapshotOrdered(std::uint32_t taker) {
  const Guard guard(lock_);
  snapshotDue_ = false;
  orderedNs_ = sys::nowNs();
  orderedAt_ = core_->appliedIndex();
  orderedFrom_ = taker;
}

// Before any thread runs: what the program has been given when it started is kept.
std::optional<Manifest> MemberRuntime::adoptEarlyFetched() {
  std::optional<Manifest> manifest;
  if (leftByEarlyFetch(options_, &manifest) == nullptr) return std::nullopt;
  snapshots_->openFetched();
  snapshots_->adoptFetched(manifest->id.index);
  return manifest;
}

void MemberRuntime::startFromFetched() {
  const auto manifest = adoptEarlyFetched();
  if (!manifest) return;
  journal_->restart(manifest->id.index);
  startFrom(*manifest);
}

void MemberRuntime::startFrom(const Manifest& manifest) {
  storeWord(region_->control().journaled, journal_->last());
  publishKept();
  core_->install(manifest);
}

// With durability `disk` it is this member's own, and on its disk, before the program's state is replaced:
// the journal that led to the former one goes afterwards.
std::unique_ptr<SnapshotReader> MemberRuntime::snapshotToRestore() {
  Guard guard(lock_);
  const Manifest* ready = core_->snapshotReady();
  if (ready == nullptr) return nullptr;
  const Manifest manifest = *ready;
  if (!wal_) return std::make_unique<PieceReader>(snapshots_->fetched(), manifest);
  guard.unlock();
  if (replaying_ || snapshots_->adoptFetched(manifest.id.index))
    return std::make_unique<PieceReader>(snapshots_->kept(), manifest);
  guard.lock();
  core_->refuseSnapshot();
  return nullptr;
}

// The journal starts anew where the snapshot ends, before anyone can see the new `applied`.
void MemberRuntime::restored(bool usable) {
  Guard guard(lock_);
  const Manifest* ready = core_->snapshotReady();
  if (ready == nullptr) return;
  const Manifest manifest = *ready;
  if (!usable) core_->refuseSnapshot();
  guard.unlock();  // disks are slow
  if (!usable && replaying_) stopDisk("its snapshot cannot be read back");
  if (!usable) return;
  if (!replaying_) journal_->restart(manifest.id.index);
  if (!wal_) snapshots_->adoptFetched(manifest.id.index);
  guard.lock();
  startFrom(manifest);
}

bool MemberRuntime::keepPiece(std::uint32_t number, std::span<const std::byte> piece) {
  return snapshots_->keepFetched(number, piece);
}

}  // namespace gaia
