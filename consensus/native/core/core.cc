#include "core/core.h"

namespace gaia {

Core::Core(const CoreOptions& options, const Region& region, CoreListener& listener, const CoreTimings& timings)
    : self_(options.self), region_(region), listener_(listener), timings_(timings),
      writer_(region, options.self, options.recovery.ringStart), aside_(region), ownOrdered_(options.recovery.ringStart),
      restores_(options.restores) {
  for (std::uint8_t slot = 0; slot < slotsMax; slot++) readers_.emplace_back(region_, slot);
  if (region_.durable()) recover(options.recovery);
  for (const Member& member : options.peers) know(member);
  role_ = Role::learner;
  if (options.join) return;
  Configuration founders;
  for (const Member& member : options.peers) founders.members.push_back(member);
  adopt(founders.with(self_));
}

Peer* Core::peer(std::uint32_t number) {
  const auto found = peers_.find(number);
  return found == peers_.end() ? nullptr : &found->second;
}

Peer& Core::know(const Member& member) {
  Peer& peer = peers_[member.number];
  peer.member = member;
  return peer;
}

void Core::setRole(Role role) {
  if (role_ == role) return;
  role_ = role;
  activeNs_ = nowNs_;
  listener_.changed();
}

// A configuration takes effect: it was decided and is now applied (or it is that of the founders).
void Core::adopt(const Configuration& next) {
  for (const Member& old : configuration_.members) {
    if (old.number != self_.number && !next.byNumber(old.number)) departed_[old.number] = nowNs_ + timings_.departureNs;
  }
  const bool fresh = !configured() && next.byNumber(self_.number) != nullptr;
  configuration_ = next;
  sought_.reset();
  if (fresh) memberSince_ = next.index;
  voters_.clear();
  for (const Member& member : configuration_.members) {
    readers_[member.slot].assign(member.number);
    learners_.erase(member.number);
    if (member.number != self_.number) voters_.push_back(&know(member));
  }
  configuration_.publish(region_.directory());
  if (!configured()) {
    removed_ = removed_ || role_ != Role::learner;
    setRole(Role::learner);
  } else if (role_ == Role::leader) {
    if (!mutant(Mutant::noSecondPhase1)) campaign();  // M1: phase 1 at a majority of the new configuration, before anything is proposed above
  } else if (role_ == Role::learner) {
    setRole(Role::follower);
  }
  listener_.changed();
}

std::vector<Member> Core::wanted() const {
  std::vector<Member> members;
  for (const auto& [number, peer] : peers_) {
    if (role_ == Role::learner || isWanted(number)) members.push_back(peer.member);
  }
  return members;
}

bool Core::isWanted(std::uint32_t number) const {
  const bool counts = configuration_.byNumber(number) != nullptr || (sought_ && sought_->byNumber(number) != nullptr);
  return counts || departed_.contains(number) || learners_.contains(number);
}

void Core::attach(const Member& member, Channel* channel, std::uint64_t life) {
  Peer& peer = know(member);
  if (peer.life != life) peer.startLife(life);
  peer.channel = channel;
  peer.dead = false;
  peer.heartbeatNs = peer.answeredNs = nowNs_;
  readControl(peer);
  if (role_ == Role::candidate && configuration_.byNumber(member.number)) beginScan(peer);
  if (role_ == Role::leader) pump(peer);
  activeNs_ = nowNs_;
  listener_.changed();
}

void Core::detach(std::uint32_t number) {
  Peer* known = peer(number);
  if (known == nullptr || known->channel == nullptr) return;
  known->channel = nullptr;
  known->reads.clear();
  known->journalPending = known->snapshotPending = false;
  known->mirroring = false;
  known->sent = known->placed;  // what was on its way may be lost
  known->claimed = known->confirmed = 0;
  if (known->scan && known->scan->state() != PeerScan::State::done) known->scan.reset();
  activeNs_ = nowNs_;
  listener_.changed();
}

void Core::declareDead(std::uint32_t number) {
  Peer* known = peer(number);
  if (known == nullptr || known->channel != nullptr) return;
  known->dead = true;
}

void Core::collect() {
  Completion completion;
  for (auto& [number, peer] : peers_) {
    while (peer.channel != nullptr && peer.channel->poll(&completion)) completed(peer, completion);
  }
  if (role_ == Role::leader) advanceCommit();
}

void Core::completed(Peer& peer, const Completion& completion) {
  peer.answeredNs = nowNs_;
  if (completion.kind == Completion::Kind::journal) {
    peer.journalPending = false;
    return journalRead(completion.bytes);
  }
  if (completion.kind == Completion::Kind::snapshot) return snapshotRead(peer, completion.bytes);
  if (peer.reads.empty()) return;
  const PendingRead read = peer.reads.front();
  peer.reads.pop();
  switch (read.kind) {
    case PendingRead::Kind::control: return controlRead(peer, read, completion.bytes);
    case PendingRead::Kind::scan:
      if (role_ == Role::candidate && read.ballot == ballot_) scanRead(peer, completion.bytes);
      return;
    case PendingRead::Kind::directory: return directoryRead(completion.bytes);
    case PendingRead::Kind::output: return outputRead(peer, completion.bytes);
    case PendingRead::Kind::cursor: {
      std::uint64_t place;
      std::memcpy(&place, completion.bytes.data(), sizeof(place));
      if (placeIsOf(place, self_.number)) peer.cursor = std::max(peer.cursor, placePosition(place));
    }
  }
}

void Core::readControl(Peer& peer) {
  peer.reads.push({PendingRead::Kind::control, ballot_, peer.sent});
  peer.channel->read(controlOffset, sizeof(Control));
}

void Core::controlRead(Peer& peer, const PendingRead& read, std::span<const std::byte> bytes) {
  const std::uint64_t heartbeat = peer.seen.heartbeat;
  std::memcpy(&peer.seen, bytes.data(), sizeof(peer.seen));
  if (peer.seen.heartbeat != heartbeat) heard(peer);
  if (const auto point = DigestChain::read(peer.seen)) peer.digest = point;
  peer.placed = std::max(peer.placed, read.upTo);
  const Ballot promise = promiseOf(peer.seen);
  const bool clear = promise == ballot_ || mutant(Mutant::noPromiseCheck);
  if (clear && read.ballot == ballot_ && promise != 0) {
    peer.confirmed = ballot_;
    // W1, W2: the read came after the writes on the same channel and shows no higher claim: all of them count.
    const bool kept = region_.durable() && !mutant(Mutant::unkeptCounts);
    const Position counted = kept ? std::min(read.upTo, onDisk(peer)) : read.upTo;
    if (role_ == Role::leader && peer.mirroring) peer.acked = std::max(peer.acked, counted);
  }
  if (promise > leaderBallot_ && !mutant(Mutant::noPromiseCheck)) {
    leaderBallot_ = promise;
    claimSeenNs_ = nowNs_;
    suspectNs_ = 0;
    if (role_ == Role::leader || role_ == Role::candidate) stepDown();
  }
}

// How long the present leader stays silent at the worst of times, slowly forgotten: on a machine with more to do than its
// processors can, nobody is suspected for what is usual there.
void Core::heard(Peer& peer) {
  const bool leads = peer.member.number == numberOf(leaderBallot_);
  const std::uint64_t silentNs = leads && peer.heartbeatNs > claimSeenNs_ ? nowNs_ - peer.heartbeatNs : 0;
  peer.silenceNs = std::max(silentNs, peer.silenceNs - peer.silenceNs / 256);
  peer.heartbeatNs = nowNs_;
}

void Core::directoryRead(std::span<const std::byte> bytes) {
  Directory directory;
  std::memcpy(&directory, bytes.data(), sizeof(directory));
  const auto found = Configuration::read(directory);
  const Index known = sought_ ? sought_->index : configuration_.index;
  if (!found || found->index < known) return;
  if (configured()) sought_ = found;
  for (const Member& member : found->members) {
    if (member.number != self_.number) know(member);
  }
}

void Core::tick(std::uint64_t nowNs) {
  if (nowNs_ != 0 && nowNs - nowNs_ > timings_.suspicionNs / 2) standStill(nowNs);
  nowNs_ = nowNs;
  if (applied_ != tickApplied_) activeNs_ = nowNs_;
  tickApplied_ = applied_;
  collect();
  observeClaims();
  if (region_.durable()) publishPersisted();
  heartbeat();
  hearMailboxes();
  if (!turnLeads_) pollReaders();
  switch (role_) {
    case Role::leader: leadTick(); break;
    case Role::candidate:
      if (nowNs_ - campaignNs_ > timings_.campaignNs) abandon();
      else if (region_.durable()) retryScans();
      break;
    case Role::follower:
    case Role::learner: follow(); break;
  }
  storeWord(region_.control().leaderHeard, hearsLeader() ? leaderBallot_ : 0);
  digest_.publish(region_.control());
  hearCommit();
  compareDigests();
  forgetStrangers();
  if (const std::uint32_t leader = leaderNumber(); leader != toldLeader_) {
    toldLeader_ = leader;
    listener_.changed();
  }
}

// This member itself was stopped: that it heard nobody meanwhile says nothing about the others.
void Core::standStill(std::uint64_t nowNs) {
  claimSeenNs_ = nowNs;
  for (auto& [number, peer] : peers_) peer.heartbeatNs = nowNs;
}

// For status only: whoever acts on a commit needs the record with it (A1).
void Core::hearCommit() {
  for (const RingReader& reader : readers_) heardCommit_ = std::max(heardCommit_, reader.statedCommit());
  for (const auto& [number, peer] : peers_) heardCommit_ = std::max(heardCommit_, peer.seen.applied);
}

void Core::forgetStrangers() {
  if (mutant(Mutant::strangersKept)) return;
  std::erase_if(lives_, [&](const auto& entry) { return !peers_.contains(entry.first) && !writesHere(entry.first); });
  std::erase_if(departed_, [&](const auto& entry) { return entry.second < nowNs_; });
  if (role_ == Role::learner) return;
  std::erase_if(peers_, [&](const auto& entry) {
    return entry.second.channel == nullptr && !isWanted(entry.first);
  });
}

// Others pull this counter. It stands still while this member, as leader or candidate, gets nowhere (fate sharing).
void Core::heartbeat() {
  if (role_ == Role::leader && !majorityHeard()) return;
  if (role_ == Role::candidate && nowNs_ - campaignNs_ > timings_.campaignNs / 2) return;
  Control& control = region_.control();
  const bool active = role_ == Role::leader || role_ == Role::candidate;
  storeWord(control.heartbeat, ((control.heartbeat >> 1) + 1) << 1 | (active ? 1 : 0));
}

void Core::pollReaders() {
  for (RingReader& reader : readers_) {
    reader.poll();
    reader.advance(done());  // what arrived after it was applied from a journal gives its room back at once
  }
}

std::uint64_t Core::arrivals() const {
  std::uint64_t sum = 0;
  for (const RingReader& reader : readers_) sum += reader.arrivals();
  return sum;
}

// What is over gives its memory back, a whole journal's after a replay; `bytes = {}` would keep it.
void Core::forgetDecided(Index below) {
  while (!decided_.empty() && decided_.front().header.index < below) {
    decidedBytes_ -= decided_.front().bytes.size();
    decided_.front() = Found();
    decided_.pop();
    if (decided_.empty()) decided_ = Fifo<Found>();
  }
}

const Record* Core::decided(Index index) {
  forgetDecided(index);
  for (RingReader& reader : readers_) {
    if (const Record* record = reader.decided(index)) return record;
  }
  if (const Record* record = aside_.decided(index)) return record;
  if (decided_.empty() || decided_.front().header.index != index) return nullptr;
  elsewhere_ = decided_.front().record();
  return &elsewhere_;
}

bool Core::next(Entry* entry) {
  if (!delivered_) pollReaders();
  while (!delivered_) {
    const Record* record = decided(applied_ + 1);
    if (record == nullptr) return false;
    delivered_ = *record;
    if (record == &elsewhere_) journalDue_ = record->header.index;  // D1: it is in no ring here, so not in the log
    if (record->header.kind == static_cast<std::uint8_t>(EntryKind::turn)) break;
    finish(*delivered_);
    pollReaders();
  }
  *entry = {delivered_->header.index, delivered_->header.ballot, EntryKind::turn, delivered_->payload()};
  return true;
}

void Core::applied(Index index, std::uint64_t outputHash, std::uint32_t clockCalls) {
  if (turnLeads_) {
    const Written* written;
    do {
      written = writer_.next(&appliedSequence_);
      if (written == nullptr) return;
    } while (written->index != index);
    digest_.extend(index, outputHash, clockCalls);
    stateOwnCommit();  // before `applied` is
    finish(writer_.recordAt(*written));
  } else if (delivered_ && delivered_->header.index == index) {
    digest_.extend(index, outputHash, clockCalls);
    if (!mutant(Mutant::appliedTwice)) finish(*delivered_);
  }
}

void Core::finish(const Record& record) {
  const RecordHeader header = record.header;
  const bool configures = header.kind == static_cast<std::uint8_t>(EntryKind::configuration);
  const auto next = configures ? Configuration::decode(header.index, record.payload()) : std::nullopt;
  listener_.persist(record);
  applied_ = header.index;
  appliedOrigin_ = header.origin;
  delivered_.reset();
  if (!turnLeads_) activeNs_ = nowNs_;
  // Before the cursors: a candidate that starts behind a record must also read that the record is applied (C3), although
  // this member may be stopped between the two.
  storeWord(region_.control().applied, applied_);
  for (RingReader& reader : readers_) reader.advance(done());
  aside_.advance(done());
  if (!next) return;
  journalDue_ = next->index;  // D1: those that leave with it may take the only proof with them that it was decided
  adopt(*next);
}

}  // namespace gaia
