#include "runtime/early_fetch.h"

#include <algorithm>
#include <array>

namespace gaia {
namespace {

constexpr std::uint64_t intervalNs = 20'000'000;
constexpr std::uint64_t askIntervalNs = 100'000'000;
constexpr std::uint64_t tellIntervalNs = 1'000'000'000;
constexpr std::uint64_t othersWithinNs = 3'000'000'000;
constexpr std::uint64_t storePauseNs = 1'000'000'000;
constexpr std::uint32_t damagedPiecesMax = 3;

}  // namespace

EarlyFetch::EarlyFetch(const ReplicaOptions& options, std::function<void(const Joining&)> progress)
    : authenticator_(options.group, options.secret),
      caller_{authenticator_, options.self, options.transport, options.ringBytes, options.durability},
      store_(systemFiles(), options.journalDirectory, options.self.number),
      progress_(std::move(progress)) {
  sys::makeDirectories(options.journalDirectory);  // what is wrong with it shows when a piece is kept
  for (const Member& member : options.peers) {
    peers_[member.number].link = std::make_unique<Link>(caller_, member);
  }
}

std::unique_ptr<SnapshotReader> EarlyFetch::run() {
  for (;;) {
    exchange(sys::nowNs());
    if (fetch_ && fetch_->complete())
      return std::make_unique<PieceReader>(store_.fetched(), *fetch_->manifest());
    if (!fetch_ && canReplay(sys::nowNs())) return nullptr;
  }
}

void EarlyFetch::exchange(std::uint64_t nowNs) {
  std::vector<pollfd> ready;
  for (auto& [number, peer] : peers_) {
    if (peer.link->descriptor() >= 0)
      ready.push_back({peer.link->descriptor(), peer.link->eventsWanted(), 0});
  }
  sys::poll(ready, intervalNs);
  for (auto& [number, peer] : peers_) {
    short events = 0;
    for (const pollfd& entry : ready) {
      if (entry.fd == peer.link->descriptor()) events = entry.revents;
    }
    step(peer, events, nowNs);
  }
  ask(nowNs);
  for (auto& [number, peer] : peers_) peer.link->flush();
  if (nowNs - toldNs_ < tellIntervalNs) return;
  toldNs_ = nowNs;
  progress_(fetch_ ? Joining{from_, fetch_->bytesDone(), fetch_->manifest() ? fetch_->manifest()->stateBytes : 0}
                   : Joining{});
}

void EarlyFetch::step(Peer& peer, short events, std::uint64_t nowNs) {
  const Link::Event event = peer.link->step(events, nowNs);
  if (event != Link::Event::none) {
    peer.controlPending = peer.piecePending = false;
    peer.seen = {};
  }
  Completion completion;
  while (peer.link->open() && peer.link->poll(&completion)) answered(peer, completion);
}

void EarlyFetch::answered(Peer& peer, const Completion& completion) {
  if (completion.kind == Completion::Kind::snapshot) return keep(peer, completion.bytes);
  peer.controlPending = false;
  std::memcpy(&peer.seen, completion.bytes.data(), std::min(completion.bytes.size(), sizeof(peer.seen)));
}

void EarlyFetch::keep(Peer& peer, std::span<const std::byte> answer) {
  peer.piecePending = false;
  if (!fetch_ || fetch_->complete() || &peer != &peers_[from_]) return;
  std::optional<Piece> piece;
  switch (fetch_->take(answer, &piece)) {
    case SnapshotFetch::Taken::corrupt:
      if (++peer.failures < damagedPiecesMax) return;
      peer.bad = fetch_->index();
      return fetch_.reset();
    case SnapshotFetch::Taken::foreign:
      peer.seen = {};  // it keeps another one by now, which is to be read before anything is decided
      replaySinceNs_ = 0;
      return fetch_.reset();
    default:
      peer.failures = 0;
      if (store_.keepFetched(piece->header.number, answer)) return;
      storeAgainNs_ = sys::nowNs() + storePauseNs;
      fetch_.reset();
  }
}

// Entries are kept from where it ends: whoever took the one after it may have been lost, when the others had dropped theirs.
bool EarlyFetch::leadsOn(Index snapshot) const {
  return std::ranges::any_of(peers_, [&](const auto& entry) {
    const Peer& peer = entry.second;
    return peer.link->open() && peer.seen.journalFrom <= snapshot + 1 && peer.seen.journaled >= snapshot;
  });
}

EarlyFetch::Peer* EarlyFetch::provider() {
  Peer* best = nullptr;
  for (auto& [number, peer] : peers_) {
    const Index index = peer.seen.snapshotIndex;
    if (!peer.link->open() || index == 0 || index == peer.bad || !leadsOn(index)) continue;
    const bool begun = fetch_ && index == fetch_->index();
    if (begun && number == from_) return &peer;
    if (best == nullptr || begun || index > best->seen.snapshotIndex)
      best = &peer, from_ = number;
  }
  return best;
}

void EarlyFetch::ask(std::uint64_t nowNs) {
  for (auto& [number, peer] : peers_) {
    if (!peer.link->open() || peer.controlPending) continue;
    peer.controlPending = true;
    peer.link->read(controlOffset, sizeof(Control));
  }
  if (nowNs < storeAgainNs_ || (fetch_ && fetch_->complete())) return;
  if (Peer* from = provider()) {
    if (!fetch_ || fetch_->index() != from->seen.snapshotIndex) fetch_.emplace(from->seen.snapshotIndex);
    if (from->piecePending) return;
    from->piecePending = true;
    return from->link->readSnapshot(fetch_->index(), fetch_->wanted());
  }
  fetch_.reset();
  askForSnapshot(nowNs);
}

// One closes all clients of the group: the others are given some time to tell that they have one.
void EarlyFetch::askForSnapshot(std::uint64_t nowNs) {
  if (lackedSinceNs_ == 0) lackedSinceNs_ = nowNs;
  if (!heardOthers(lackedSinceNs_, nowNs) || nowNs - askedNs_ < askIntervalNs) return;
  askedNs_ = nowNs;
  for (auto& [number, peer] : peers_) {
    if (!peer.link->open() || peer.seen.journalFrom <= 1 || peer.piecePending) continue;
    peer.piecePending = true;
    peer.link->readSnapshot(0, 0);
  }
}

// A snapshot is preferred: the others are given some time to tell that they have one.
bool EarlyFetch::canReplay(std::uint64_t nowNs) {
  const bool replay = std::ranges::any_of(peers_, [](const auto& entry) {
    const Peer& peer = entry.second;
    return peer.link->open() && peer.seen.journaled != 0 && peer.seen.journalFrom <= 1;
  });
  if (replay && replaySinceNs_ == 0) replaySinceNs_ = nowNs;
  return replay && heardOthers(replaySinceNs_, nowNs);
}

// All, or they had some time for it.
bool EarlyFetch::heardOthers(std::uint64_t sinceNs, std::uint64_t nowNs) const {
  const auto isHeard = [](const auto& entry) { return entry.second.seen.heartbeat != 0; };
  return std::ranges::all_of(peers_, isHeard) || nowNs - sinceNs > othersWithinNs;
}

std::shared_ptr<PieceFile> leftByEarlyFetch(const ReplicaOptions& options,
                                            std::optional<Manifest>* manifest) {
  auto file = SnapshotStore(systemFiles(), options.journalDirectory, options.self.number).openFetched();
  if (file == nullptr) return nullptr;
  const std::vector<std::byte> kept = file->get(0);
  const auto piece = parsePiece(kept);
  if (piece && piece->header.number == 0) *manifest = Manifest::decode(piece->id(), piece->bytes);
  return *manifest ? file : nullptr;
}

}  // namespace gaia
