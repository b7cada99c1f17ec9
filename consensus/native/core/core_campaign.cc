// Candidates: claim, read, adopt (rules C1 to C6).
#include <set>

#include "core/core.h"

namespace gaia {

void Core::campaign() {
  const std::uint64_t term = termOf(std::max(leaderBallot_, ballot_)) + 1;
  ballot_ = leaderBallot_ = makeBallot(term, self_.number, self_.slot);  // N1
  elections_++;
  campaignNs_ = claimSeenNs_ = nowNs_;
  suspectNs_ = 0;
  setRole(Role::candidate);
  storeWord(region_.control().claim[self_.slot], ballot_);
  std::atomic_thread_fence(std::memory_order_seq_cst);  // C1: own claim before own rings are read
  for (auto& [number, peer] : peers_) peer.scan.reset();
  for (Peer* voter : voters_) {
    if (voter->channel != nullptr) beginScan(*voter);
  }
  listener_.changed();
  checkCampaign();
}

// With durability `disk` nobody hears of a ballot before the own disk has it: it could be used again else (N1), or a
// claim fall (N2).
bool Core::claimKept() const {
  return !region_.durable() || persistedPromise() >= ballot_ || mutant(Mutant::claimBeforeDisk);
}

void Core::beginScan(Peer& peer) {
  if (!claimKept()) return;
  if (!mutant(Mutant::scanBeforeClaim)) claimAt(peer);  // C1: per node, raise the claim, then read, on the same channel
  const bool waits = region_.durable() && !mutant(Mutant::scanBeforeDisk);
  peer.scan.emplace(region_, applied_, waits ? ballot_ : 0);
  peer.reads.push({PendingRead::Kind::scan, ballot_, 0});
  const PeerScan::Read read = peer.scan->first();
  peer.channel->read(read.offset, read.length);
}

void Core::scanRead(Peer& peer, std::span<const std::byte> bytes) {
  if (!peer.scan) return;
  activeNs_ = nowNs_;
  if (const auto read = peer.scan->feed(bytes)) {
    peer.reads.push({PendingRead::Kind::scan, ballot_, 0});
    peer.channel->read(read->offset, read->length);
    return;
  }
  const Ballot promise = promiseOf(peer.scan->control());
  if (promise > ballot_) {  // C2: someone is above us
    leaderBallot_ = std::max(leaderBallot_, promise);
    claimSeenNs_ = nowNs_;
    return stepDown();
  }
  peer.seen = peer.scan->control();
  if (mutant(Mutant::scanBeforeClaim)) claimAt(peer);
  if (promise == ballot_ || mutant(Mutant::scanBeforeClaim)) peer.confirmed = ballot_;
  if (peer.scan->state() == PeerScan::State::unpersisted) return;
  if (peer.scan->state() == PeerScan::State::failed) return beginScan(peer);
  checkCampaign();
}

// Elects this member, or gives up, as soon as what has been read decides it.
void Core::checkCampaign() {
  if (!claimKept()) return;  // D1: at home, too, the claim is kept before it counts
  const std::vector<PeerScan*> scans = countedScans();
  if (!makeMajority(scans)) return;
  pollReaders();
  const std::vector<PeerScan*> provable = provableOf(scans);
  const bool enough = makeMajority(provable);
  if (!enough && scanPending()) return;
  conclude(gaia::adopt(gather(enough ? provable : scans)));
}

// Read to its end, by a read that showed this member's claim in place.
bool Core::scanCounts(const Peer& voter) const {
  return voter.scan && voter.scan->state() == PeerScan::State::done && voter.confirmed == ballot_;
}

std::vector<PeerScan*> Core::countedScans() {
  std::vector<PeerScan*> scans;
  for (Peer* voter : voters_) {
    if (scanCounts(*voter)) scans.push_back(&*voter->scan);
  }
  return scans;
}

bool Core::scanPending() const {
  return std::any_of(voters_.begin(), voters_.end(), [&](const Peer* voter) {
    return voter->scan && voter->channel != nullptr && !scanCounts(*voter);
  });
}

// Together with what this member itself holds.
bool Core::makeMajority(const std::vector<PeerScan*>& scans) const {
  const std::size_t unread = mutant(Mutant::minorityScanned) ? 2 : 1;
  return scans.size() + unread >= configuration_.majority();
}

// Without those of members that have applied more than all scans together prove decided (provenUpTo).
std::vector<PeerScan*> Core::provableOf(std::vector<PeerScan*> scans) const {
  const Index proven = provenUpTo(scans);
  std::erase_if(scans, [&](const PeerScan* scan) { return scan->control().applied > proven; });
  return scans;
}

void Core::conclude(Adoption adoption) {
  // A decided configuration that is not applied here yet must take effect before anyone is asked to vote.
  const bool stale = std::any_of(adoption.decided.begin(), adoption.decided.end(), [](const Found& found) {
    return found.header.kind == static_cast<std::uint8_t>(EntryKind::configuration);
  });
  const bool able = adoption.complete && !stale;
  const bool elected = able && rewrite(adoption);
  // Its ring is full of what earlier candidacies left undecided, and will be until another one decides: it is quiet until
  // others have taken its claim for idle and stood.
  if (able && !elected) quietUntilNs_ = nowNs_ + timings_.suspicionNs + 2 * timings_.idleNs;
  keepDecided(adoption);
  elected ? lead() : abandon();
}

// Calls `take(record, whether it is proven decided)` for all that this member holds and may not have applied.
template <class Take>
void Core::eachHeld(Take take) const {
  for (const RingReader& reader : readers_) {
    for (std::size_t i = 0; i < reader.window().size(); i++) {
      take(reader.window()[i], reader.provesDecided(reader.window()[i]));
    }
  }
  for (std::size_t i = 0; i < aside_.window().size(); i++) {
    take(aside_.window()[i], Aside::provesDecided(aside_.window()[i]));
  }
  for (std::size_t i = 0; i < decided_.size(); i++) take(decided_[i].record(), true);
}

// Up to where entries can be proven decided by what has been read. A member that has applied more is left out while the
// others are a majority without it: it may stand still with the only proof in its journal, and what it has applied a
// majority has accepted, so the others adopt the same (C3, C4).
Index Core::provenUpTo(const std::vector<PeerScan*>& scans) const {
  std::set<Index> decided;
  const auto note = [&](const RecordHeader& header, bool proven) {
    if (proven) decided.insert(header.index);
  };
  eachHeld([&](const Record& record, bool proven) { note(record.header, proven); });
  for (const PeerScan* scan : scans) {
    for (const Found& found : scan->found()) note(found.header, found.decided);
  }
  Index index = applied_;
  while (decided.contains(index + 1)) index++;
  return index;
}

void Core::keepDecided(Adoption& adoption) {
  for (Found& found : adoption.decided) {
    if (found.header.index != (decided_.empty() ? applied_ + 1 : decided_.back().header.index + 1)) continue;
    decidedBytes_ += found.bytes.size();
    decided_.push(std::move(found));
  }
}

AdoptionInput Core::gather(const std::vector<PeerScan*>& scans) {
  AdoptionInput input;
  input.applied = applied_;
  input.appliedOrigin = appliedOrigin_;
  input.maxApplied = applied_;
  eachHeld([&](const Record& record, bool proven) {
    if (record.header.index > applied_) input.found.push_back(Found::of(record, proven));
  });
  for (PeerScan* scan : scans) {
    if (!mutant(Mutant::appliedIgnored)) input.maxApplied = std::max(input.maxApplied, scan->control().applied);  // C3
    for (Found& found : scan->found()) input.found.push_back(std::move(found));
  }
  return input;
}

// C5: the adopted entries are written again under the own ballot. Their origins stay, so that the chain holds.
bool Core::rewrite(const Adoption& adoption) {
  if (!mutant(Mutant::oldCopiesCount)) commitSequence_ = writer_.headSequence();
  last_ = adoption.decided.empty() ? applied_ : adoption.decided.back().header.index;
  lastOrigin_ = adoption.decided.empty() ? appliedOrigin_ : adoption.decided.back().header.origin;
  commit_ = last_;
  bool configures = false;
  for (const Found& found : adoption.adopted) {
    const auto payload = found.record().payload();
    std::byte* room = writer_.reserve(payload.size(), ballot_, done());
    if (room == nullptr) return false;
    std::memcpy(room, payload.data(), payload.size());
    RecordHeader header = found.header;
    header.ballot = ballot_;
    header.commit = commit_;
    writer_.append(header);
    last_ = header.index;
    lastOrigin_ = header.origin;
    configures = header.kind == static_cast<std::uint8_t>(EntryKind::configuration);
  }
  if (configures) return true;  // nothing above a configuration before phase 1 of its members (M1)
  if (writer_.reserve(0, ballot_, done()) == nullptr) return false;
  append(EntryKind::noop, 0);   // C6
  return true;
}

void Core::lead() {
  failedCampaigns_ = 0;
  published_ = 0;
  opening_ = last_;
  leadsSinceNs_ = nowNs_;
  for (auto& [number, peer] : peers_) {
    peer.scan.reset();
    peer.mirroring = false;
    if (!mutant(Mutant::oldCopiesCount)) peer.acked = 0;
    peer.statedCommit = 0;
    peer.answeredNs = peer.channel != nullptr ? nowNs_ : 0;
  }
  setRole(Role::leader);
  replicate();
  advanceCommit();
  listener_.changed();
}

// Not elected: wait a little longer than last time, so that others or a catch-up can go first.
void Core::abandon() {
  failedCampaigns_++;
  stepDown();
}

void Core::stepDown() {
  for (auto& [number, peer] : peers_) peer.scan.reset();
  suspectNs_ = 0;
  if (role_ == Role::leader || role_ == Role::candidate) setRole(configured() ? Role::follower : Role::learner);
}

}  // namespace gaia
