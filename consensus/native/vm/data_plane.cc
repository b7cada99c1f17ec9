#include "vm/data_plane.h"

#include <sodium.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace gaia::vm {
namespace {

constexpr std::size_t proposalsMax = 1024;      // under way; then clients wait
constexpr std::uint32_t waitMs = 20;            // while something is looked after by time
constexpr std::uint32_t heldMs = 1;             // while output waits
constexpr std::size_t keptBytesMax = 4u << 20;  // inputs for a backup that sleeps; then clients wait
// Of what a round is to cover, to the backup: all that a guest with few clients says. A busy one says tens of
// kilobytes, and the link is worth more than that.
constexpr std::size_t heldBytesTold = 4096;
constexpr std::uint64_t repeatNs = 250'000'000;  // inputs that the log still lacks are sent again
constexpr std::uint64_t dutyNs = 500'000'000;    // between two attempts
constexpr std::uint64_t reluctanceMs = 50;    // of a witness: led by it a group has one more election to go
constexpr std::uint64_t hearNs = 20'000'000;  // between two looks after the backup
constexpr std::uint64_t suspicionsMax = 3;    // a backup may be silent as long as a leader at worst

HashKey outputKey(const std::array<std::uint8_t, 32>& secret) {
  constexpr std::string_view purpose = "digests of output";
  HashKey key;
  crypto_generichash(key.data(), key.size(), reinterpret_cast<const unsigned char*>(purpose.data()),
                     purpose.size(), secret.data(), secret.size());
  return key;
}

// Of the member, last; 0: never.
std::uint64_t heardNs(const Status& status, std::uint32_t member) {
  for (const PeerStatus& peer : status.peers)
    if (peer.member.number == member) return peer.heardNs;
  return 0;
}

}  // namespace

DataPlane::DataPlane(const Options& options)
    : self_(options.replica.self),
      founder_(options.firstPrimary),
      silenceNsMax_(suspicionsMax * options.replica.suspicionMs * 1'000'000),
      bell_(sys::eventDescriptor()),
      inputs_(self_.slot, self_.number),
      guard_(outputKey(options.replica.secret)),
      speech_(outputKey(options.replica.secret)) {}

std::unique_ptr<DataPlane> DataPlane::start(const Options& options, std::string* error) {
  std::unique_ptr<DataPlane> made(new DataPlane(options));
  DataPlane& plane = *made;
  const auto hear = [&plane](const Member& from, const PeerMessage& message, View payload) {
    plane.hear(from, message, payload);
  };
  plane.peers_ = Peers::listen(options.replica, hear, error);
  if (plane.peers_ == nullptr) return nullptr;
  const auto send = [&plane](View frame) {
    plane.inputs_.add(frame);
    plane.hearing_.spoke(sys::nowNs());
  };
  plane.forwarder_ = Forwarder::start(plane.self_.slot, options.doors, send, error);
  if (plane.forwarder_ == nullptr) return nullptr;
  if (!options.bridge.name.empty()) plane.bridge_ = BridgePort::open(options.bridge, error);
  if (!options.bridge.name.empty() && plane.bridge_ == nullptr) return nullptr;
  const bool witness = options.guestSocket.empty();
  if (!witness) plane.guest_ = GuestPort::listen(options.guestSocket, error);
  if (!witness && plane.guest_ == nullptr) return nullptr;
  ReplicaOptions replica = options.replica;
  replica.snapshots = Snapshots::own;
  if (witness) replica.reluctanceMs = reluctanceMs;
  auto runtime = Runtime::start(replica, error);
  if (runtime == nullptr) return nullptr;
  const auto ring = [bell = plane.bell_, loop = std::this_thread::get_id()] {
    if (std::this_thread::get_id() != loop) sys::signal(bell);
  };
  plane.turns_ = std::make_unique<TurnThread>(std::move(runtime), ring, TurnThread::Deciding::atOnce);
  return made;
}

DataPlane::~DataPlane() {
  turns_.reset();
  sys::close(bell_);
}

// Guest and peers wait while too much is under way here.
bool DataPlane::overloaded() const {
  if (isPrimary() && asleep_ && inputBytes_ >= keptBytesMax) return true;
  return proposalsUnderWay_ >= proposalsMax || (guest_ != nullptr && guest_->crowded());
}

void DataPlane::addTo(std::vector<pollfd>* descriptors, std::uint32_t* timeoutMs) {
  descriptors->push_back({bell_, POLLIN, 0});
  if (guest_ != nullptr) guest_->addTo(descriptors, !guard_.full());
  peers_->addTo(descriptors, !overloaded());
  forwarder_->addTo(descriptors, timeoutMs);
  if (bridge_ != nullptr) bridge_->addTo(descriptors);
  if (guard_.heldBytes() > 0) *timeoutMs = std::min(*timeoutMs, heldMs);
  *timeoutMs = std::min(*timeoutMs, inputs_.empty() && cut_ == 0 ? 5 * waitMs : waitMs);
  // What was ordered since serve(), and what waited for the end of a round.
  if (proposed_ || (mayTake() && turns_->pending())) *timeoutMs = 0;
}

void DataPlane::serve(std::span<const pollfd> ready) {
  const std::uint64_t nowNs = sys::nowNs();
  for (const pollfd& entry : ready)
    if (entry.fd == bell_ && entry.revents != 0) sys::drain(bell_);
  forwarder_->serve(ready);
  if (bridge_ != nullptr) bridge_->serve(ready, [this](View frame) { takeFromBridge(frame); });
  if (guest_ != nullptr) guest_->serve(ready, [this](View frame) { takeOutput(frame); });
  if (peers_->serve(ready, nowNs)) {
    inputs_.sendAgain();
    if (!isPrimary()) drainedTold_ = 0;
  }
  takeEvents();
  attendDuty(nowNs);
  if (hearing_.asks(nowNs)) inputs_.add(arpRequest(self_.slot));
  sendInputs(nowNs);
  decide();
  sendDigests();
  if (guest_ != nullptr) guest_->flush();
  sendDrained();
  peers_->flush();
  lookWhetherGuestRests(sys::nowNs());
}

// What is behind a cut stays with the turn thread, which stops applying when that is much.
bool DataPlane::mayTake() const { return cut_ == 0 && !(guest_ != nullptr && guest_->crowded()); }

void DataPlane::takeEvents() {
  TurnEvent event;
  while (mayTake() && turns_->take(&event)) take(event);
}

// A frame waits for no other thread, here nor, as far as this member can help it, at the backup.
void DataPlane::decide() {
  if (std::exchange(proposed_, false)) turns_->decide();
  takeEvents();
  if (!std::exchange(decided_, false)) return;
  const std::uint32_t backup = isPrimary() ? order_.roles().backup : 0;
  if (backup != 0 && peers_->connected(backup))
    peers_->send(backup, {.kind = PeerMessage::Kind::news, .epoch = order_.roles().epoch}, {});
}

void DataPlane::take(TurnEvent& event) {
  switch (event.kind) {
    case TurnEvent::Kind::entry:
      return apply(event.payload);
    case TurnEvent::Kind::committed:
      proposalsUnderWay_--;
      decided_ = true;
      return;
    case TurnEvent::Kind::refused:
    case TurnEvent::Kind::unknown:
      proposalsUnderWay_--;
      inputs_.sendAgain();
      return;
    case TurnEvent::Kind::snapshot:
      return turns_->saveSnapshot(order_.state());
    case TurnEvent::Kind::restore:
      order_.restore(event.payload);
      return;
    case TurnEvent::Kind::status:
      return refreshStatus();
    case TurnEvent::Kind::ended:
      ended_ = true;
      return;
  }
}

// A guest that is neither primary nor backup does not run: inputs that pile up there would keep its member
// from reading on in the log. A seed has all inputs before its backup was named.
void DataPlane::apply(View payload) {
  const Roles before = order_.roles();
  const bool counts = isPrimary() || isBackup();
  const auto entry = order_.apply(payload, [&](View frame) {
    inputFrames_++;
    inputBytes_ += frame.size();
    spokenNs_ = sys::nowNs();
    if (guest_ != nullptr && counts) guest_->deliver(frame);
  });
  if (!entry) return;
  if (std::holds_alternative<Roles>(*entry)) applyRoles(before);
  if (const Cut* cut = std::get_if<Cut>(&*entry)) beginRound(*cut);
  inputs_.confirmed(order_.lastOf(self_.slot, self_.number));
}

// A backup may hear of its round's end before the log has the cut.
void DataPlane::beginRound(const Cut& cut) {
  cut_ = (isPrimary() || isBackup()) && cut.round > round_ ? cut.round : 0;
  cutNs_ = sys::nowNs();
  heldToldBytes_ = inputBytes_ = 0;
  if (cut_ != 0 && isPrimary()) guard_.eachHeld([this](View frame) { tellHeld(frame); });
}

// Who is primary no longer keeps back what it has not sent: nobody may hear it any more.
void DataPlane::applyRoles(const Roles& before) {
  drainedTold_ = 0;
  inputs_.ledIn(status_.term, order_.roles().epoch);
  if (isPrimary()) wake();
  const auto drop = [](View) {};
  if (before.primary == self_.number && !isPrimary()) return guard_.close(false, drop);
  if (!isPrimary()) return speech_.begin(), retained_.clear();
  if (bridge_ != nullptr && before.primary != self_.number) bridge_->announce();
  if (before.primary != self_.number && before.epoch != 0)
    watch_.becamePrimary(order_.roles().epoch, sys::nowNs());
  const auto release = [this](View frame) { route(frame); };
  guard_.close(order_.roles().backup != 0, release);
  if (before.primary != self_.number) retained_.releaseAll(release);
}

// As the primary this member's guest hears what it has slept through; another's backup is a new one.
void DataPlane::wake() {
  asleep_ = false;
  if (guest_ != nullptr) guest_->hold(false);
}

void DataPlane::refreshStatus() {
  status_ = turns_->status();
  peers_->setMembers(status_.configuration);
  inputs_.ledIn(status_.term, order_.roles().epoch);
  const std::uint32_t primary = order_.roles().primary;
  if (!isPrimary()) watch_.sees(status_.leader == primary, leads(), heardNs(status_, primary), sys::nowNs());
}

bool DataPlane::backupSilent(std::uint64_t nowNs) {
  const std::uint32_t backup = order_.roles().backup;
  if (!isPrimary() || backup == 0 || nowNs - heardSinceNs_ < hearNs) return false;
  heardSinceNs_ = nowNs;
  const std::uint64_t last = heardNs(turns_->status(), backup);
  return last != 0 && last < nowNs && nowNs - last > silenceNsMax_;
}

// Roles are entries like others, so they are looked at when all entries so far have been taken. Attempts are
// spaced: one takes a while to show.
void DataPlane::attendDuty(std::uint64_t nowNs) {
  if (!leads() || isPrimary() || nowNs - dutySinceNs_ < dutyNs) return;
  const Leadership leadership = dutyOf(self_.number, founder_, holdsGuest(), order_.roles(), turns_->status());
  if (leadership.duty == Leadership::Duty::none) return;
  dutySinceNs_ = nowNs;
  if (leadership.duty == Leadership::Duty::assign)
    propose(encode(leadership.roles));
  else
    turns_->transferLeadership(leadership.to);
}

bool DataPlane::propose(Bytes entry) {
  if (turns_->propose(++proposal_, std::move(entry)) != TurnThread::Proposal::queued) return false;
  proposalsUnderWay_++;
  return proposed_ = true;
}

// Inputs go to whoever leads.
void DataPlane::sendInputs(std::uint64_t nowNs) {
  sendAgainLate(nowNs);
  const bool here = leads();
  if (!here && !peers_->connected(status_.leader)) return;
  while (!overloaded()) {
    Bytes batch = inputs_.takeBatch();
    if (batch.empty()) return;
    const PeerMessage message{.kind = PeerMessage::Kind::inputs};
    const bool sent = here ? propose(std::move(batch)) : peers_->send(status_.leader, message, batch);
    if (!sent) return inputs_.sendAgain();
  }
}

void DataPlane::sendAgainLate(std::uint64_t nowNs) {
  if (inputs_.empty() || inputs_.oldest() != oldest_) {
    oldest_ = inputs_.oldest();
    oldestSinceNs_ = nowNs;
  } else if (nowNs - oldestSinceNs_ > repeatNs) {
    oldestSinceNs_ = nowNs;
    inputs_.sendAgain();
  }
}

// What is for many all members hear: the primary alone says it to the guests.
void DataPlane::takeFromBridge(View frame) {
  if (isPrimary() && leads()) inputs_.add(frame);
}

void DataPlane::takeOutput(View frame) {
  spokenNs_ = sys::nowNs();
  if (isPrimary()) {
    if (const auto takeover = watch_.output(spokenNs_)) takeover_ = takeover;
    if (cut_ != 0) tellHeld(frame);
    return guard_.put(frame, spokenNs_, [this](View released) { route(released); });
  }
  if (!isBackup()) return;
  retained_.put(frame);
  if (asleep_) return;  // it runs for an instant between two rounds
  const auto said = speech_.said(frame);
  if (!said) return;
  const auto bytes = std::as_bytes(std::span(&*said, 1));
  digests_.insert(digests_.end(), bytes.begin(), bytes.end());
  if (digests_.size() + sizeof *said > Peers::payloadBytesMax) sendDigests();
}

// In the middle of a round: what waits for its end.
void DataPlane::tellHeld(View frame) {
  const Roles& roles = order_.roles();
  heldToldBytes_ += frame.size();
  if (roles.backup == 0 || heldToldBytes_ > heldBytesTold) return;
  peers_->send(roles.backup, {.kind = PeerMessage::Kind::held, .epoch = roles.epoch, .round = cut_}, frame);
}

void DataPlane::sendDigests() {
  if (digests_.empty()) return;
  const PeerMessage message{
      .kind = PeerMessage::Kind::digests, .epoch = order_.roles().epoch, .round = round_};
  peers_->send(order_.roles().primary, message, digests_);
  digests_.clear();
}

// The primary's QEMU is asked for a round only when both guests have the inputs that it covers.
void DataPlane::sendDrained() {
  if (!isBackup() || cut_ == drainedTold_ || !drained() || !peers_->connected(order_.roles().primary)) return;
  const PeerMessage message{.kind = PeerMessage::Kind::drained, .epoch = order_.roles().epoch, .round = cut_};
  if (peers_->send(order_.roles().primary, message, {})) drainedTold_ = cut_;
}

// To the bridge, or the stations that a frame of the primary's guest is for.
void DataPlane::route(View frame) {
  outputFrames_++;
  if (bridge_ != nullptr) return bridge_->send(frame);
  const Slots slots = receiversOf(frame);
  for (const Member& member : status_.configuration) {
    if (!slots[member.slot]) continue;
    const PeerMessage message{.kind = PeerMessage::Kind::output, .epoch = order_.roles().epoch};
    if (member.number == self_.number)
      toStation(frame);
    else
      peers_->send(member.number, message, frame);
  }
}

void DataPlane::toStation(View frame) {
  hearing_.heard();
  forwarder_->receive(frame);
}

void DataPlane::hear(const Member& from, const PeerMessage& message, View payload) {
  switch (message.kind) {
    case PeerMessage::Kind::inputs:
      return hearInputs(from, payload);
    case PeerMessage::Kind::output:  // not from one that was primary and does not know yet
      if (message.epoch >= order_.roles().epoch && isFrame(payload)) toStation(payload);
      return;
    case PeerMessage::Kind::digests:
      if (!isPrimary() || message.epoch != order_.roles().epoch || from.number != order_.roles().backup)
        return;
      spokenNs_ = sys::nowNs();
      for (; payload.size() >= sizeof(OutputDigest); payload = payload.subspan(sizeof(OutputDigest))) {
        OutputDigest digest;
        std::memcpy(&digest, payload.data(), sizeof digest);
        guard_.compare(message.round, digest, [this](View frame) { route(frame); });
      }
      return;
    case PeerMessage::Kind::held:
      if (isBackup() && message.epoch == order_.roles().epoch && from.number == order_.roles().primary &&
          isFrame(payload))
        retained_.hold(message.round, payload);
      return;
    case PeerMessage::Kind::drained:
      if (isPrimary() && message.epoch == order_.roles().epoch && from.number == order_.roles().backup)
        drainedTold_ = message.round;
      return;
    case PeerMessage::Kind::news:
      turns_->look();
  }
}

void DataPlane::hearInputs(const Member& from, View payload) {
  const auto entry = decode(payload);
  const Inputs* inputs = entry ? std::get_if<Inputs>(&*entry) : nullptr;
  if (inputs == nullptr || inputs->member != from.number || inputs->slot != from.slot) return;
  propose({payload.begin(), payload.end()});  // refused: its sender will try again
}

}  // namespace gaia::vm
