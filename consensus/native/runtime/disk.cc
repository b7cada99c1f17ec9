// Durability `disk` (D1): starting from a directory, and the disk thread, which writes down what arrives.
//
// Order of a start: the log is read, the journal goes on from the snapshot and is brought up to what the log proves
// decided, what stays undecided is written into a new segment, and only then anything of it is shown to others.
#include "runtime/member.h"

namespace gaia {
namespace {

constexpr std::uint64_t idleNs = 20'000'000;    // nobody need ring for others' claims to be seen this soon
constexpr std::uint64_t retryNs = 100'000'000;  // when the disk is full
constexpr std::uint64_t executingNs = 200'000;  // between looks whether the program has executed an entry
constexpr std::size_t segmentsKept = 3;

}  // namespace

bool MemberRuntime::openDisk(std::string* error, Recovery* recovery, std::optional<Manifest>* kept) {
  directory_.emplace(files_, options_.journalDirectory);
  if (!directory_->take(&options_, directoryKey())) return *error = directory_->error(), false;
  WalOptions place{options_.journalDirectory, options_.self.number, directory_->seed()};
  wal_.emplace(files_, place);
  PersistedLog log;
  const bool understood = directory_->fresh() ? wal_->isUntold() : wal_->read(&log, &walState_);
  if (!understood) {
    if (wal_->unusable()) directory_->condemn("its log is damaged");
    return *error = wal_->error(), false;
  }
  if (wal_->empty() && !directory_->fresh()) {
    *error = "the log in " + options_.journalDirectory + " is missing; let a new member take this one's place";
    return false;
  }
  const bool given = directory_->fresh() && options_.join && options_.snapshots == Snapshots::ordered && adoptEarlyFetched();
  if (options_.snapshots != Snapshots::none) *kept = snapshots_->openKept();
  if (given && !*kept) return *error = snapshots_->error(), false;
  const Done base = *kept ? Done{(*kept)->id.index, (*kept)->origin} : Done{};
  if (!journal_->recover(walState_.journal, base)) {
    const std::string damage = snapshots_->error();
    if (journal_->unusable()) directory_->condemn("its journal is damaged");
    return *error = journal_->error() + (damage.empty() ? "" : "; " + damage), false;
  }
  if (directory_->fresh() && journal_->last() != base.applied) {
    *error = options_.journalDirectory +
             " holds the journal of a member that kept no log; give this one an empty directory";
    return false;
  }
  sys::randomBytes(std::as_writable_bytes(std::span(&life_, 1)));
  return recoverDisk(log, recovery, error);
}

bool MemberRuntime::recoverDisk(const PersistedLog& log, Recovery* recovery, std::string* error) {
  *recovery = sortOut(log, options_.self.number, options_.ringBytes, journal_->done());
  for (const Found& found : recovery->decided) journal_->append(found.record());
  std::size_t aside = recordBytesMax;
  for (const Found& found : recovery->undecided) aside += found.bytes.size();
  if (aside > slotsMax * options_.ringBytes) {
    *error = "the log in " + options_.journalDirectory + " holds " + std::to_string(aside) +
             " bytes of undecided entries, more than the rings of a member; let a new member take this one's "
             "place";
    return false;
  }
  if (!journal_->sync(&walState_.journal)) {
    *error = journal_->distrusted() ? condemn(journal_->error()) : journal_->error();
    return false;
  }
  if (const Wal::Outcome outcome = keepAgain(*recovery); outcome != Wal::Outcome::kept) {
    *error = outcome == Wal::Outcome::failed ? condemn(wal_->error()) : wal_->error() + "; make room";
    return false;
  }
  if (directory_->fresh() && !directory_->sign(options_, directoryKey())) return *error = directory_->error(), false;
  diskStatus_.recovered = journal_->last();
  diskStatus_.persisted = std::max(journal_->last(), highestIndexIn(log.records));
  replaying_ = journal_->last() != 0;
  return true;
}

// What former lives left undecided goes into the first frames of this one: what was only in the kernel's
// memory when the process died is on disk before it counts, and their files can go.
Wal::Outcome MemberRuntime::keepAgain(const Recovery& recovery) {
  walState_.promise = recovery.promise;
  walState_.ringEnd = recovery.ringStart;
  std::vector<std::byte> piece;
  for (const Found& found : recovery.undecided) {
    piece.insert(piece.end(), found.bytes.begin(), found.bytes.end());
    if (piece.size() < orderBytesMax) continue;
    if (const Wal::Outcome outcome = wal_->append(piece, walState_); outcome != Wal::Outcome::kept) return outcome;
    piece.clear();
  }
  wal_->dropFormerLives();
  return wal_->append(piece, walState_);
}

// Hands out what the journal holds; false when that is done.
bool MemberRuntime::replay(Guard& guard) {
  if (!replaying_) return false;
  std::vector<std::byte> entries;
  if (core_->appliedIndex() < diskStatus_.recovered) {
    journal_->read(core_->appliedIndex() + 1, journalAnswerBytesMax, &entries);
    core_->replay(entries);
    if (!entries.empty()) return true;
    guard.unlock();
    stopDisk("its journal cannot be read back");
    guard.lock();
    return true;
  }
  replaying_ = false;
  sys::signal(serviceFd_);
  return false;
}

bool MemberRuntime::returned(std::uint32_t number, std::uint64_t life) {
  const Guard guard(lock_);
  return core_->returned(number, life);
}

void MemberRuntime::ringDisk() {
  region_->bell().fetch_add(1, std::memory_order_release);
  sys::futexWakeShared(region_->bell());
}

void* MemberRuntime::keep(void* self) {
  static_cast<MemberRuntime*>(self)->keepLoop();
  return nullptr;
}

void MemberRuntime::keepLoop() {
  while (!ending_) {
    const std::uint32_t heard = region_->bell().load(std::memory_order_acquire);
    const std::uint64_t arrived = queue_.arrived;
    PersistOrder order;
    {
      const Guard guard(lock_);
      order = core_->takePersistOrder();
    }
    if (!order.empty() && !keepOrder(order)) return;
    const bool news = queue_.kept.exchange(arrived) != arrived || order.promise != 0;
    if (news) sys::signal(serviceFd_);
    if (order.empty())
      sys::futexWaitShared(region_->bell(), heard, idleNs);
    else
      releaseLog();
  }
}

// False: this member has come to its end.
bool MemberRuntime::keepOrder(const PersistOrder& order) {
  walState_.promise = std::max(walState_.promise, order.promise);
  walState_.ringEnd = std::max(walState_.ringEnd, ringEndIn(order.records, options_.self.number));
  const std::uint64_t startNs = sys::nowNs();
  if (!keepJournal(order.journal)) return false;
  Wal::Outcome outcome;
  while ((outcome = wal_->append(order.records, walState_)) == Wal::Outcome::noRoom && !ending_) {
    showDiskError(wal_->error() + "; this member does not count until there is room");
    sys::sleepNs(retryNs);
    releaseLog();
  }
  if (outcome != Wal::Outcome::kept) {
    if (outcome == Wal::Outcome::failed) stopDisk(wal_->error());
    return false;
  }
  showDiskError({});
  const Guard guard(lock_);
  core_->persisted(order);
  notePersisted(wal_->highest());
  changed_ = changed_ || order.promise != 0;
  diskStatus_.syncs++;
  diskStatus_.bytes += order.records.size();
  diskStatus_.syncNs += sys::nowNs() - startNs;
  if (leading_) sys::signal(keptFd_);
  return true;
}

// False: it cannot be kept before this member ends. An entry is ordered when the program is handed it, and comes into the
// journal when the program has executed it: until then there is nothing to synchronise.
bool MemberRuntime::keepJournal(Index upTo) {
  while (journal_->last() < upTo && journal_->error().empty() && !ending_) sys::sleepNs(executingNs);
  while (walState_.journal < upTo && !journal_->sync(&walState_.journal)) {
    if (journal_->distrusted()) return stopDisk(journal_->error()), false;
    if (ending_) return false;
    showDiskError(journal_->error() + "; this member does not count until its journal goes on");
    sys::sleepNs(retryNs);
  }
  return walState_.journal >= upTo;
}

// Once a few segments are full the journal is synchronised, so that the log can drop what it has.
void MemberRuntime::releaseLog() {
  if (wal_->segments() <= segmentsKept || wal_->segments() == releasedSegments_) return;
  releasedSegments_ = wal_->segments();
  if (!journal_->sync(&walState_.journal)) {
    if (journal_->distrusted()) stopDisk(journal_->error());
    return;
  }
  const Guard guard(lock_);
  notePersisted(walState_.journal);
}

// Under the lock.
void MemberRuntime::notePersisted(Index index) {
  diskStatus_.persisted = std::max(diskStatus_.persisted, index);
}

void MemberRuntime::showDiskError(const std::string& error) {
  const Guard guard(lock_);
  if (diskStatus_.error == error) return;
  diskStatus_.error = error;
  core_->setPersisting(error.empty());
  changed_ = true;
  sys::signal(serviceFd_);
}

// After a failed synchronisation nobody can say what is on the disk, and a later life would find in the kernel's memory,
// and count on, what is not: there is none. Gives what to tell.
std::string MemberRuntime::condemn(const std::string& cause) {
  const std::string unmarked = directory_->condemn(cause) ? "" : "; " + directory_->error();
  return cause + unmarked + "; this member has stopped, let a new one take its place";
}

void MemberRuntime::stopDisk(const std::string& cause) {
  showDiskError(condemn(cause));
  {
    const Guard guard(lock_);
    diskStatus_.ended = true;
  }
  stop();
}

}  // namespace gaia
