// Followers and learners: watching the leader, catching up.
#include "core/core.h"

namespace gaia {
namespace {

constexpr std::size_t decidedBytesMax = 4u << 20;
constexpr std::uint64_t stalledTicksMin = 2;
constexpr std::uint64_t askIntervalNs = 50'000'000;

}  // namespace

void Core::observeClaims() {
  const Ballot promise = promiseOf(region_.control());
  if (promise > leaderBallot_) {
    leaderBallot_ = promise;
    claimSeenNs_ = nowNs_;
    suspectNs_ = 0;
    activeNs_ = nowNs_;
    listener_.changed();
  }
  if (leaderBallot_ > ballot_ && (role_ == Role::leader || role_ == Role::candidate)) stepDown();
}

void Core::follow() {
  const auto leader = peers_.find(numberOf(leaderBallot_));
  const bool uneasy = leader != peers_.end() && silentNs(leader->second) > timings_.suspicionNs / 2;
  const bool eager = role_ == Role::learner || leaderBallot_ == 0 || stalledTicks_ >= stalledTicksMin || uneasy;
  for (auto& [number, peer] : peers_) {
    const bool due = number == numberOf(leaderBallot_) || eager || !answeredWithin(peer, answerNs() / 2);
    if (due && peer.channel != nullptr && !peer.awaitsControl()) readControl(peer);
  }
  pull();
  if (role_ == Role::learner) return askToJoin();
  if (!mayCampaign()) {
    suspectNs_ = 0;
    return;
  }
  if (suspectNs_ == 0) suspectNs_ = nowNs_;
  if (nowNs_ >= suspectNs_ + campaignDelay() && majorityAnswers()) campaign();
}

std::uint32_t Core::leaderNumber() const {
  const std::uint32_t number = numberOf(leaderBallot_);
  if (number == self_.number) return role_ == Role::leader ? number : 0;
  const auto leader = peers_.find(number);
  const bool leads = leader != peers_.end() && alive(leader->second) && leader->second.active();
  return leads ? number : 0;
}

bool Core::mayCampaign() const {
  if (turnLeads_ || fetch_ || nowNs_ < quietUntilNs_ || !persisting_) return false;
  std::size_t reachable = 1;
  for (const Peer* voter : voters_) reachable += alive(*voter) ? 1 : 0;
  if (reachable < configuration_.majority()) return false;
  const bool handedOver = leaderBallot_ != 0 && loadWord(region_.control().handover) == leaderBallot_;
  return handedOver || leaderSuspected();
}

// Claims of a member whose writes arrive and that hears nobody unseat one leader after the other and elect nobody. So only
// who is answered claims (liveness only). It goes on suspecting meanwhile: where answers are late now and then, they are
// seldom all there at the end of a delay that begins anew each time one is not.
bool Core::majorityAnswers() const {
  if (mutant(Mutant::unheardClaims)) return true;
  std::size_t answering = 1;
  for (const Peer* voter : voters_) answering += alive(*voter) && answeredWithin(*voter, answerNs()) ? 1 : 0;
  return answering >= configuration_.majority();
}

bool Core::leaderSuspected() const {
  const std::uint32_t number = numberOf(leaderBallot_);
  if (leaderBallot_ == 0 || number == self_.number) return true;
  if (!configuration_.byNumber(number) && !learners_.contains(number)) return true;
  const auto leader = peers_.find(number);
  if (leader == peers_.end() || leader->second.dead) return true;
  if (!leader->second.active() && leader->second.heartbeatNs > claimSeenNs_ + timings_.idleNs) return true;
  // Pull: a slow network delays this reader instead of faking a death.
  const std::uint64_t patienceNs =
      std::clamp(4 * leader->second.silenceNs, timings_.suspicionNs, 3 * timings_.suspicionNs);
  return silentNs(leader->second) > patienceNs && !vouchedFor();
}

std::uint64_t Core::silentNs(const Peer& leader) const {
  return nowNs_ - std::min(nowNs_, std::max(leader.heartbeatNs, claimSeenNs_));
}

bool Core::hearsLeader() const {
  if (role_ == Role::leader) return majorityHeard();
  const std::uint32_t leader = leaderNumber();
  return role_ != Role::candidate && leader != 0 && fresh(peers_.at(leader));
}

// How old the answers may be that a claim rests on: younger than the silence that makes a leader suspected. Whoever has
// not answered for half of it is asked, so that a claim waits for no answer.
std::uint64_t Core::answerNs() const { return std::min(timings_.suspicionNs, timings_.isolationNs) / 2; }

bool Core::answeredWithin(const Peer& peer, std::uint64_t ns) const {
  return peer.answeredNs != 0 && nowNs_ - peer.answeredNs < ns;
}

bool Core::heardWithin(const Peer& peer, std::uint64_t ns) const {
  return alive(peer) && nowNs_ - peer.heartbeatNs < ns;
}

bool Core::fresh(const Peer& peer) const { return heardWithin(peer, timings_.suspicionNs / 2); }

// A majority, the leader included, gets on with it: whoever does not hear it is cut off and would only unseat it. Each
// word is as fresh as its owner's heartbeat, so a member that stands still vouches for nobody; of a leader that has
// stopped no word outlives half the suspicion.
bool Core::vouchedFor() const {
  std::size_t vouching = 1;
  for (const Peer* voter : voters_) {
    const bool leads = voter->member.number == numberOf(leaderBallot_);
    vouching += fresh(*voter) && !leads && voter->seen.leaderHeard == leaderBallot_ ? 1 : 0;
  }
  return vouching >= configuration_.majority();
}

// Candidates go one after the other, by slot, so that they rarely meet (liveness only).
std::uint64_t Core::campaignDelay() const {
  if (leaderBallot_ != 0 && loadWord(region_.control().handover) == leaderBallot_) return 0;
  if (configuration_.members.size() == 1) return 0;
  std::uint64_t rank = 0;
  for (const Peer* voter : voters_) {
    const bool before = voter->member.slot < self_.slot && alive(*voter);
    rank += before && voter->member.number != numberOf(leaderBallot_) ? 1 : 0;
  }
  const std::uint64_t backoff = std::min<std::uint64_t>(failedCampaigns_, 8) * (self_.slot + 2);
  return timings_.reluctanceNs + rank * timings_.rankDelayNs + backoff * timings_.rankDelayNs + (leaderBallot_ == 0 ? timings_.graceNs : 0);
}

// Catching up is pulled: whoever lacks decided entries reads them from the journal of someone who has applied them.
void Core::pull() {
  Index from = applied_ + 1;
  const bool stalled = stalledAt_ == applied_ && decided(from) == nullptr && !delivered_;
  stalledTicks_ = stalled ? stalledTicks_ + 1 : 0;
  stalledAt_ = applied_;
  if (!decided_.empty()) from = decided_.back().header.index + 1;
  const bool eager = role_ == Role::learner || !decided_.empty();
  const bool asks = stalledTicks_ >= stalledTicksMin && !mutant(Mutant::newsWithheld);
  if (!eager && !asks) return fetchNoMore();
  if (decidedBytes_ > decidedBytesMax || fetchSnapshot(from)) return;
  for (const auto& [number, peer] : peers_) {
    if (peer.journalPending) return;
  }
  Peer* source = pullSource(from);
  if (source == nullptr) return;
  source->journalPending = true;
  pullFrom_ = source->member.number;
  activeNs_ = nowNs_;
  source->channel->readJournal(from);
}

Peer* Core::pullSource(Index from) {
  // The next one after the member asked last, so that a member without a journal is not asked for ever.
  Peer* first = nullptr;
  for (auto& [number, peer] : peers_) {
    const bool keeps = peer.seen.journaled >= from && peer.seen.journalFrom <= from;
    if (peer.channel == nullptr || !keeps) continue;
    if (number > pullFrom_) return &peer;
    if (first == nullptr) first = &peer;
  }
  return first;
}

void Core::journalRead(std::span<const std::byte> bytes) {
  activeNs_ = nowNs_;
  eachRecord(bytes, [&](const Record& record) {
    const Index next = decided_.empty() ? applied_ + 1 : decided_.back().header.index + 1;
    if (record.header.index != next) return;
    decidedBytes_ += record.whole().size();
    decided_.push(Found::of(record, true));
  });
}

// A learner makes itself known to whoever leads or stands (the highest claim it has seen may be a dead member's that
// nobody else has heard of) and asks everyone for the configuration.
void Core::askToJoin() {
  if (nowNs_ - lastAskNs_ < askIntervalNs) return;
  lastAskNs_ = nowNs_;
  for (auto& [number, peer] : peers_) {
    if (peer.channel == nullptr) continue;
    readDirectory(peer);
    const bool active = number == numberOf(leaderBallot_) || peer.active();
    if (!active || removed_) continue;
    const Mailbox mailbox = makeMailbox(self_, applied_);
    peer.channel->write(mailboxOffsetOf(self_.slot), std::as_bytes(std::span(&mailbox, 1)));
  }
}

void Core::readDirectory(Peer& peer) {
  peer.reads.push({PendingRead::Kind::directory, ballot_, 0});
  peer.channel->read(directoryOffset, sizeof(Directory));
}

}  // namespace gaia
