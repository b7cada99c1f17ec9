// The leader: mirroring its ring, counting acceptance, membership (rules W1 to W5, G1, M1).
#include "core/core.h"

namespace gaia {
namespace {

constexpr std::uint64_t handOverQuietNs = 300'000'000;

}  // namespace

bool Core::readyToLead() const {
  return role_ == Role::leader && !turnLeads_ && applied_ == last_ && commit_ == last_;
}

void Core::beginLeading() {
  turnLeads_ = true;
  readers_[self_.slot].restart(writer_.head());
  appliedSequence_ = writer_.headSequence();
}

void Core::endLeading() {
  if (!turnLeads_) return;
  turnLeads_ = false;
  readers_[self_.slot].restart(writer_.neededFrom(done()));
  publishCommit();
}

std::byte* Core::reserve(std::size_t bytesMax) {
  if (role_ != Role::leader || bytesMax > entryBytesMax) return nullptr;
  return writer_.reserve(bytesMax, ballot_, done());
}

Index Core::append(EntryKind kind, std::size_t bytes) {
  RecordHeader header;
  header.ballot = header.origin = ballot_;
  header.index = ++last_;
  header.prevOrigin = lastOrigin_;
  header.commit = commit_;
  header.length = static_cast<std::uint32_t>(bytes);
  header.kind = static_cast<std::uint8_t>(kind);
  writer_.append(header);
  lastOrigin_ = ballot_;
  return last_;
}

void Core::replicate() {
  for (auto& [number, peer] : peers_) pump(peer);
}

void Core::claimAt(Peer& peer) {
  if (peer.claimed == ballot_) return;
  peer.claimed = ballot_;
  peer.confirmed = 0;
  peer.channel->write(claimOffset(self_.slot), std::as_bytes(std::span(&ballot_, 1)));
  // A peer that missed the configuration with this member must learn where to catch up.
  const Mailbox introduction = makeMailbox(self_, introductionOnly);
  peer.channel->write(mailboxOffsetOf(self_.slot), std::as_bytes(std::span(&introduction, 1)));
}

// Mirrors what the peer lacks into its ring for this slot, then reads its claims and status on the same channel (W1).
void Core::pump(Peer& peer) {
  if (peer.channel == nullptr) return;
  const bool told = configuration_.byNumber(peer.member.number) || departed_.contains(peer.member.number);
  if (!told) {
    if (!peer.awaitsControl()) readControl(peer);
    return;
  }
  claimAt(peer);
  if (peer.mirroring && peer.sent < writer_.tail()) peer.mirroring = false;  // a laggard: nobody waits for it (G1)
  if (!peer.mirroring && !resume(peer)) {
    if (!peer.awaitsControl()) readControl(peer);
    return;
  }
  // G1, by the cursor: `applied` alone would not do, for what a member applies from a journal its reader may not have
  // passed yet.
  const Position limit = mutant(Mutant::recycledWhenCommitted) ? writer_.head() : peer.cursor + region_.ringBytes();
  const Position to = std::min(writer_.head(), limit);
  if (to < writer_.head()) readCursor(peer);
  if (to <= peer.sent) {
    if (!peer.awaitsControl()) readControl(peer);
    return;
  }
  writer_.mirror(peer.sent, to, [&](Position position, std::span<const std::byte> bytes) {
    peer.channel->write(region_.ringOffset(self_.slot) + position % region_.ringBytes(), bytes);
  });
  peer.sent = to;
  peer.everWritten = true;
  for (std::uint64_t sequence = peer.sentSequence;;) {
    const Written* written = writer_.next(&sequence);
    if (written == nullptr || written->start >= to) break;
    peer.sentSequence = sequence;
    peer.highestWritten = std::max(peer.highestWritten, written->index);
  }
  readControl(peer);
}

void Core::readCursor(Peer& peer) {
  if (peer.awaits(PendingRead::Kind::cursor)) return;
  peer.reads.push({PendingRead::Kind::cursor, ballot_, 0});
  peer.channel->read(cursorOffset(self_.slot), sizeof(std::uint64_t));
}

// Where mirroring to this peer can begin. Its ring must never hide a record it has not applied: either we go on where
// we were (the bytes are the same ones), or everything ever written there is applied and the anchor moves.
bool Core::resume(Peer& peer) {
  if (peer.confirmed != ballot_) return false;
  peer.statedCommit = 0;  // what was stated may have gone down with a channel, and nothing else tells who can read no journal
  if (peer.everWritten && peer.placed >= writer_.tail()) {
    if (!mutant(Mutant::anchorLost)) writeAnchor(peer);  // once more: it may have gone down with a channel, and without it nobody finds what follows
    peer.sent = peer.placed;
    peer.mirroring = true;
    return true;
  }
  const bool unapplied = peer.everWritten && peer.seen.applied < peer.highestWritten;
  if (unapplied && !mutant(Mutant::anchorUnapplied)) return false;
  // Until it has applied the configuration that gave this slot away, its ring holds what the former writer left (R1).
  if (peer.seen.applied < memberSince_ && !mutant(Mutant::anchorEarly)) return false;
  std::uint64_t sequence = 0;
  Position start = writer_.head();
  peer.sentSequence = writer_.headSequence();
  while (const Written* written = writer_.next(&sequence)) {
    if (written->ballot != ballot_ || written->index <= peer.seen.applied) continue;
    start = written->start;
    peer.sentSequence = sequence - 1;
    break;
  }
  peer.anchor = packPlace(self_.number, start);
  writeAnchor(peer);
  peer.sent = peer.placed = start;
  peer.cursor = std::max(peer.cursor, start);
  peer.mirroring = true;
  return true;
}

void Core::writeAnchor(Peer& peer) {
  peer.channel->write(anchorOffset(self_.slot), std::as_bytes(std::span(&peer.anchor, 1)));
}

// W5: the longest prefix accepted under this ballot by a majority.
void Core::advanceCommit() {
  if (commit_ == last_) {
    advancedNs_ = nowNs_;
    return;
  }
  std::array<Position, slotsMax> positions{};
  std::size_t count = 0;
  std::atomic_thread_fence(std::memory_order_seq_cst);  // W3: own record before own claims
  const bool kept = region_.durable() && !mutant(Mutant::ownUnkeptCounts);
  const Position own = kept ? writer_.persisted() : writer_.head();  // D1
  positions[count++] = promiseOf(region_.control()) == ballot_ ? own : 0;
  for (const Peer* voter : voters_) {
    const Position counted = mutant(Mutant::ackSkipped) ? voter->sent : voter->acked;
    positions[count++] = voter->mirroring ? counted : 0;
  }
  std::sort(positions.begin(), positions.begin() + count, std::greater<>());
  const Position accepted = positions[configuration_.majority() - 1];
  for (std::uint64_t sequence = commitSequence_;;) {
    const Written* written = writer_.next(&sequence);
    if (written == nullptr || written->end > accepted) break;
    commitSequence_ = sequence;
    const bool counts = written->ballot == ballot_ || mutant(Mutant::oldCopiesCount);
    if (!counts || written->index <= commit_) continue;
    commit_ = written->index;
    advancedNs_ = nowNs_;
  }
  if (!turnLeads_) publishCommit();
}

// In the own ring: what this leader applies must be provable to a candidate that reads its memory while its processor
// stands still (C3); its journal answers nobody then.
void Core::stateOwnCommit() {
  if (published_ >= commit_) return;
  const CommitStatement statement = CommitStatement::of(ballot_, commit_);
  RingHead& own = region_.ringHead(self_.slot);
  storeWord(own.commitBallot, statement.ballot);
  storeWord(own.commit, statement.commit);
  storeWord(own.commitCheck, statement.check);
  published_ = commit_;
}

// Lets followers apply the last entries although no further one carries the news.
void Core::publishCommit() {
  stateOwnCommit();
  if (mutant(Mutant::newsWithheld)) return;
  const CommitStatement statement = CommitStatement::of(ballot_, commit_);
  const auto bytes = std::as_bytes(std::span(&statement, 1));
  for (auto& [number, peer] : peers_) {
    if (peer.channel == nullptr || !peer.mirroring || peer.statedCommit >= commit_) continue;
    peer.channel->write(commitOffset(self_.slot), bytes);
    peer.statedCommit = commit_;
  }
}

// What earlier candidacies of this member have left undecided fills its rings at the others until somebody decides above
// it, and this one finds no room for what would. Another one's ring has some.
bool Core::cannotOpen() const { return commit_ < opening_ && nowNs_ - leadsSinceNs_ > 2 * timings_.isolationNs; }

bool Core::stuck() const {
  const std::uint64_t sinceNs = std::max(advancedNs_, leadsSinceNs_);
  return role_ == Role::leader && !settled() && nowNs_ - sinceNs > timings_.isolationNs;
}

void Core::leadTick() {
  if (cannotOpen()) {
    quietUntilNs_ = nowNs_ + timings_.suspicionNs;
    stepDown();
  } else if (majorityHeard()) {
    replicate();
    publishCommit();
    for (auto& [number, peer] : peers_) {
      if (peer.mirroring && peer.cursor < peer.sent) readCursor(peer);
    }
  } else {
    failedCampaigns_++;
    stepDown();
  }
}

bool Core::majorityHeard() const {
  std::size_t heard = 1;
  for (const Peer* voter : voters_) {
    heard += answeredWithin(*voter, timings_.isolationNs) ? 1 : 0;
  }
  return heard >= configuration_.majority();
}

// A member that is silent may be gone for good: whoever takes another one out then may take the majority with it.
bool Core::livesUnder(const Configuration& next) const {
  std::size_t living = 1;
  for (const Peer* voter : voters_) {
    living += heardWithin(*voter, timings_.suspicionNs) && next.byNumber(voter->member.number) ? 1 : 0;
  }
  return living >= next.majority();
}

void Core::hearMailboxes() {
  learners_.clear();
  for (std::size_t slot = 0; slot < slotsMax; slot++) {
    Mailbox mailbox;
    fetchBytes(reinterpret_cast<std::byte*>(&mailbox), reinterpret_cast<std::byte*>(&region_.mailbox(slot)), sizeof(mailbox));
    if (mailbox.member.number == 0 || !mailboxValid(mailbox)) continue;
    const auto member = fromRecord(mailbox.member);
    if (!member || member->slot != slot || configuration_.byNumber(member->number)) continue;
    if (!configuration_.mayJoin(*member)) continue;
    know(*member);
    learners_[member->number] = mailbox.applied;
  }
  if (role_ == Role::leader && !learners_.empty()) activeNs_ = nowNs_;
}

// Close enough that this ring can bring it up to date.
bool Core::caughtUp(Index applied) const {
  const Written* written = writer_.find(applied + 1, ballot_);
  const bool inRing = written != nullptr && writer_.head() - written->start < region_.ringBytes() / 2;
  return applied >= last_ || inRing;
}

const Member* Core::joining() const {
  if (role_ != Role::leader) return nullptr;
  for (const auto& [number, applied] : learners_) {
    if (applied == introductionOnly) continue;
    const auto found = peers_.find(number);
    if (found == peers_.end() || found->second.channel == nullptr) continue;
    if (caughtUp(std::max(applied, found->second.seen.applied))) return &found->second.member;
  }
  return nullptr;
}

bool Core::propose(const Configuration& next) {
  const std::vector<std::byte> bytes = next.encode();
  std::byte* room = reserve(bytes.size());
  if (room == nullptr) return false;
  std::memcpy(room, bytes.data(), bytes.size());
  append(EntryKind::configuration, bytes.size());
  replicate();
  return true;
}

bool Core::handOver(std::uint32_t number) {
  Peer* heir = nullptr;
  for (Peer* voter : voters_) {
    const bool complete = voter->channel != nullptr && voter->mirroring && voter->acked == writer_.head();
    if (!complete || (number != 0 && voter->member.number != number)) continue;
    if (heir == nullptr || voter->seen.applied > heir->seen.applied) heir = voter;
  }
  if (heir == nullptr || !settled()) return false;
  publishCommit();
  heir->channel->write(handoverOffset, std::as_bytes(std::span(&ballot_, 1)));
  quietUntilNs_ = nowNs_ + handOverQuietNs;
  stepDown();
  return true;
}

}  // namespace gaia
