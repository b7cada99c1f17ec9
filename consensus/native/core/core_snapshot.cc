// Snapshots: fetching one where nobody keeps the entries that are lacked, going on from it, and which entries
// of a journal are still needed.
#include <tuple>

#include "core/core.h"

namespace gaia {
namespace {

constexpr std::uint64_t askIntervalNs = 100'000'000;
constexpr std::uint64_t strandedNs =
    5'000'000'000;  // "nobody keeps it" must hold for so long before it is said
constexpr std::uint64_t storePauseNs = 1'000'000'000;  // after a piece could not be kept
constexpr std::uint32_t damagedPiecesMax = 3;  // one after the other: that snapshot is not asked for again

}  // namespace

Manifest Core::manifestHere() const {
  return {{applied_, self_.number}, appliedOrigin_, digest_.last(), configuration_, {}, 0};
}

// Someone is ahead, and nobody in reach keeps entry `from` any more.
bool Core::nobodyKeeps(Index from) const {
  bool ahead = false;
  for (const auto& [number, peer] : peers_) {
    if (!alive(peer)) continue;
    if (peer.seen.journaled >= from && peer.seen.journalFrom <= from) return false;
    ahead = ahead || peer.seen.journaled >= from || peer.seen.snapshotIndex >= from;
  }
  return ahead;
}

// True while a snapshot is on its way in place of entries.
bool Core::fetchSnapshot(Index from) {
  if (fetch_ && fetch_->index() <= applied_) fetch_.reset();
  if (fetch_ && fetch_->complete()) return true;
  const bool lost = nobodyKeeps(from);
  noteStranded(lost && !restores_);
  if (lost && configured()) seekMembers();
  const bool newcomer = applied_ == 0 && from == 1 && role_ == Role::learner;
  Peer* provider = restores_ && (fetch_ || lost || newcomer) ? snapshotProvider() : nullptr;
  if (provider == nullptr) {
    fetch_.reset();
    if (lost && restores_) askForSnapshot();
    return lost;
  }
  if (nowNs_ < storeAgainNs_) return true;
  if (!fetch_ || fetch_->index() != provider->seen.snapshotIndex)
    fetch_.emplace(provider->seen.snapshotIndex);
  fetchFrom_ = provider->member.number;
  readPiece(*provider);
  return true;
}

// Entries come again.
void Core::fetchNoMore() {
  if (fetch_ && !fetch_->complete()) fetch_.reset();
  noteStranded(false);
}

void Core::noteStranded(bool stranded) {
  if (!stranded)
    strandedSinceNs_ = 0;
  else if (strandedSinceNs_ == 0)
    strandedSinceNs_ = nowNs_;
  const bool before = stranded_;
  stranded_ = stranded && nowNs_ - strandedSinceNs_ >= strandedNs;
  if (stranded_ != before) listener_.changed();
}

// The one that is being read, else one with the same snapshot, else the one with the newest.
Peer* Core::snapshotProvider() {
  Peer* best = nullptr;
  const auto rank = [&](const Peer& peer) {
    const bool begun = fetch_ && peer.seen.snapshotIndex == fetch_->index();
    return std::tuple(begun && peer.member.number == fetchFrom_, begun, peer.seen.snapshotIndex);
  };
  for (auto& [number, peer] : peers_) {
    const bool has = alive(peer) && peer.seen.snapshotIndex > applied_;
    if (!has || peer.seen.snapshotIndex == peer.snapshotBad) continue;
    if (best == nullptr || rank(peer) > rank(*best)) best = &peer;
  }
  return best;
}

void Core::readPiece(Peer& provider) {
  if (provider.snapshotPending) return;
  provider.snapshotPending = true;
  activeNs_ = nowNs_;
  provider.channel->readSnapshot(fetch_->index(), fetch_->wanted());
}

// Members that have come since the last configuration known here may keep what is lacked.
void Core::seekMembers() {
  if (nowNs_ - lastAskNs_ < askIntervalNs) return;
  lastAskNs_ = nowNs_;
  for (auto& [number, peer] : peers_) {
    if (alive(peer)) readDirectory(peer);
  }
}

// Whoever's turn it is takes one then, and its status line tells.
void Core::askForSnapshot() {
  if (nowNs_ - snapshotAskedNs_ < askIntervalNs) return;
  snapshotAskedNs_ = nowNs_;
  for (auto& [number, peer] : peers_) {
    if (!alive(peer) || peer.snapshotPending) continue;
    peer.snapshotPending = true;
    peer.channel->readSnapshot(0, 0);
  }
}

void Core::snapshotRead(Peer& peer, std::span<const std::byte> answer) {
  peer.snapshotPending = false;
  if (!fetch_ || fetch_->complete() || peer.member.number != fetchFrom_) return;
  activeNs_ = nowNs_;
  std::optional<Piece> piece;
  switch (fetch_->take(answer, &piece)) {
    case SnapshotFetch::Taken::corrupt:
      if (++peer.snapshotFailures < damagedPiecesMax) return;
      peer.snapshotBad = fetch_->index();
      fetch_.reset();
      return;
    case SnapshotFetch::Taken::foreign:
      peer.seen.snapshotIndex = 0;  // until it is read again
      fetch_.reset();
      return;
    case SnapshotFetch::Taken::next:
    case SnapshotFetch::Taken::last:
      break;
  }
  peer.snapshotFailures = 0;
  if (!listener_.keepPiece(piece->header.number, answer)) {
    storeAgainNs_ = nowNs_ + storePauseNs;
    fetch_.reset();
  } else if (fetch_->complete()) {
    listener_.changed();
  } else {
    readPiece(peer);
  }
}

const Manifest* Core::snapshotReady() const {
  const bool ready = fetch_ && fetch_->complete() && fetch_->index() > applied_;
  return ready ? &*fetch_->manifest() : nullptr;
}

void Core::setOwnSnapshot(Manifest manifest) {
  fetch_.emplace(std::move(manifest));
  fetchFrom_ = self_.number;
}

void Core::refuseSnapshot() {
  if (Peer* provider = peer(fetchFrom_)) provider->snapshotBad = fetch_->index();
  fetch_.reset();
}

// As if every entry up to the snapshot's had been applied one by one: `applied` before the cursors, then the
// configuration. What lies below in the rings is decided, hence done with.
void Core::install(Manifest manifest) {
  fetch_.reset();
  decided_ = Fifo<Found>();
  decidedBytes_ = 0;
  delivered_.reset();
  digest_.restart(manifest.digest);
  applied_ = manifest.id.index;
  appliedOrigin_ = manifest.origin;
  activeNs_ = nowNs_;
  storeWord(region_.control().applied, applied_);  // as in finish()
  for (RingReader& reader : readers_) reader.advance(done());
  aside_.advance(done());
  if (manifest.configuration.index > configuration_.index || configuration_.members.empty()) {
    adopt(manifest.configuration);
  }
  listener_.changed();
}

Index Core::newestSnapshot() const {
  Index newest = loadWord(region_.control().snapshotIndex);
  for (const Peer* voter : voters_) {
    if (alive(*voter)) newest = std::max(newest, voter->seen.snapshotIndex);
  }
  return newest;
}

// What lies before is in a living member's snapshot, and every member that counts, or is about to, has
// applied it.
Index Core::neededFrom() const {
  if (!configured() || mutant(Mutant::logsKept)) return 0;
  Index needed = std::min(newestSnapshot(), applied_);
  for (const Peer* voter : voters_) needed = std::min(needed, voter->seen.applied);
  for (const auto& [number, applied] : learners_) {  // known to the leader: what it still lacks is kept there
    const auto learner = peers_.find(number);
    const bool follows = learner != peers_.end() && alive(learner->second) && applied != introductionOnly;
    if (follows && applied != 0) needed = std::min(needed, std::max(applied, learner->second.seen.applied));
  }
  return needed + 1;
}

// Followers take snapshots before the leader does, by slot; 0 is first.
std::size_t Core::snapshotRank() const {
  const std::uint32_t leader = leaderNumber();
  std::size_t rank = 0;
  for (const Peer* voter : voters_) {
    const bool before =
        leader == self_.number || (voter->member.slot < self_.slot && voter->member.number != leader);
    rank += alive(*voter) && before ? 1 : 0;
  }
  return rank;
}

}  // namespace gaia
