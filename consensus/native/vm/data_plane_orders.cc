// What the executor and the synchronisation ask of a data plane, and what it tells of itself.
#include <algorithm>
#include <utility>

#include "transport/sys.h"
#include "vm/data_plane.h"

namespace gaia::vm {
namespace {

constexpr const char* notLeading = "this member does not lead; ask the leader";
constexpr const char* notPrimary =
    "this member is not the primary that leads; ask the primary, once it leads";

// With a backup that sleeps output leaves by rounds alone.
constexpr std::uint64_t restNs = 1'000'000, acknowledgementNs = 100'000'000;
constexpr std::uint64_t lookNs = 1'000'000;        // between two looks whether a guest rests
constexpr std::size_t keptBytesWanted = 1u << 20;  // inputs for a backup that sleeps; then a round is wanted

}  // namespace

// Rounds that take longer are not begun more often: the guest is to have half of the time.
OutputGuard::Patience DataPlane::patience(std::uint64_t nowNs) const {
  if (!asleep_) return {};
  return {restNs, std::max(answers_.ns(nowNs), roundNs_), std::max(acknowledgementNs, roundNs_)};
}

OutputGuard::Want DataPlane::want(std::uint64_t nowNs) const {
  const auto want = guard_.want(nowNs, asleep_ && !rests_ ? nowNs : spokenNs_, patience(nowNs));
  const bool muchKept = isPrimary() && asleep_ && inputBytes_ >= keptBytesWanted;
  return want == OutputGuard::Want::nothing && muchKept ? OutputGuard::Want::full : want;
}

// A guest that computes is silent, too. With a backup that runs patience is so long that it does not matter.
void DataPlane::lookWhetherGuestRests(std::uint64_t nowNs) {
  const bool silent = asleep_ && isPrimary() && cut_ == 0 && nowNs >= spokenNs_ + restNs;
  if (silent && nowNs < lookedNs_ + lookNs) return;
  rests_ = silent && guard_.heldFrames() > 0 && guest_->rests();
  if (silent) lookedNs_ = nowNs;
}

std::string DataPlane::removeMember(std::uint8_t slot, std::uint32_t number) {
  if (!leads()) return notLeading;
  turns_->removeMember(slot, number);
  return {};
}

std::string DataPlane::transferLeadership(std::uint32_t number) {
  if (!leads()) return notLeading;
  turns_->transferLeadership(number);
  return {};
}

std::string DataPlane::proposeAsPrimary(Bytes entry) {
  if (!leads() || !isPrimary()) return notPrimary;
  return propose(std::move(entry)) ? "" : "the log takes no more entries now; try again";
}

std::string DataPlane::setBackup(std::uint32_t member) {
  if (member == self_.number)
    return "the primary cannot be its own backup; name another member, or 0 for none";
  return proposeAsPrimary(encode(Roles{order_.roles().epoch + 1, self_.number, member}));
}

std::string DataPlane::cut(std::uint64_t round) {
  if (round <= round_) return "rounds are numbered upwards; the last was " + std::to_string(round_);
  if (cut_ != 0) return "round " + std::to_string(cut_) + " is under way; end it first";
  const std::string refusal = proposeAsPrimary(encode(Cut{round}));
  const std::uint64_t nowNs = sys::nowNs();
  if (refusal.empty() && asleep_) answers_.roundBegins(want(nowNs), nowNs);
  return refusal;
}

void DataPlane::copied(std::uint64_t round) {
  guest_->receive([this](View frame) { takeOutput(frame); });
  const std::uint64_t equal = guard_.equalAnswers() - std::exchange(equalTold_, guard_.equalAnswers());
  sleep_.roundEnded(asleep_, equal, guard_.heldAnswers(), sys::nowNs());
  guard_.seal(round);
  copied_ = round;
  if (cut_ == round) cut_ = 0;
}

std::string DataPlane::committed(std::uint64_t round, bool sleeps) {
  if (round <= round_) return "rounds are numbered upwards; the last was " + std::to_string(round_);
  if (isPrimary() && copied_ != round) copied(round);
  if (guest_ != nullptr) guest_->receive([this](View frame) { takeOutput(frame); });
  sendDigests();
  round_ = round;
  roundNs_ = sys::nowNs() - cutNs_;
  cut_ = 0;
  asleep_ = sleeps;
  if (isBackup() && guest_ != nullptr) guest_->forget(), guest_->hold(sleeps);
  guard_.committed(round, [this](View frame) { route(frame); });
  speech_.begin();
  retained_.committed(round);
  return {};
}

std::string DataPlane::abandoned(std::uint64_t round) {
  if (round != cut_) return "round " + std::to_string(round) + " is not under way";
  cut_ = 0;
  return {};
}

bool DataPlane::drained() const { return cut_ != 0 && (guest_ == nullptr || guest_->drained()); }

GuestStatus DataPlane::guestStatus() const {
  const bool guest = guest_ != nullptr && guest_->connected();
  const bool both = !isPrimary() || order_.roles().backup == 0 || drainedTold_ == cut_;
  return {order_.roles(), guest, cut_, drained() && both, round_, want(sys::nowNs())};
}

FrameCounts DataPlane::counts() const {
  return {inputFrames_,
          outputFrames_,
          inputs_.lost() + peers_->dropped(),
          guard_.equalFrames(),
          guard_.mismatches(),
          guard_.heldBytes(),
          hearing_.unheardNs(sys::nowNs()) / 1'000'000};
}

}  // namespace gaia::vm
