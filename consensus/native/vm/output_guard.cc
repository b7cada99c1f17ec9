#include "vm/output_guard.h"

#include <utility>

namespace gaia::vm {

const char* OutputGuard::nameOf(Want want) {
  switch (want) {
    case Want::mismatch:
      return "mismatch";
    case Want::full:
      return "full";
    case Want::idle:
      return "idle";
    case Want::waiting:
      return "waiting";
    case Want::nothing:
      break;
  }
  return nullptr;
}

void OutputGuard::close(bool closed, const std::function<void(View)>& release) {
  if (!closed) seal(round_), releaseSealed(release);
  early_.clear();
  sealedBy_ = round_;
  closed_ = closed;
}

void OutputGuard::put(View frame, std::uint64_t nowNs, const std::function<void(View)>& release) {
  if (!closed_) return release(frame);
  const auto said = speech_.said(frame);
  const std::uint64_t order = nextOrder_++;
  held_.emplace(order, Frame{nowNs, {frame.begin(), frame.end()}});
  heldBytes_ += frame.size();
  if (const auto segment = tcpSegmentOf(frame); !segment || !isBareAcknowledgement(*segment))
    answers_.insert(order);
  if (!said) return differ();
  Lane& lane = lanes_[said->flow];
  lane.ours.push_back({order, *said});
  match(lane, release);
}

void OutputGuard::compare(std::uint64_t round, const OutputDigest& digest,
                          const std::function<void(View)>& release) {
  if (!closed_ || round < sealedBy_) return;
  if (round > round_) {
    if (early_.size() < digestsMax) early_.emplace_back(round, digest);
    return;
  }
  Lane& lane = lanes_[digest.flow];
  if (lane.differs) return;
  hear(lane, digest);
  match(lane, release);
}

void OutputGuard::hear(Lane& lane, const OutputDigest& digest) {
  const auto further = static_cast<std::int32_t>(digest.acknowledged - lane.acknowledged);
  if (digest.acknowledges != 0 && (!lane.acknowledges || further > 0)) {
    lane.acknowledges = true;
    lane.acknowledged = digest.acknowledged;
  }
  const std::uint64_t known = lane.others.empty() ? lane.same : lane.others.back().place;
  if (digest.place <= known) return;
  lane.others.push_back({digest.place, digest.hash});
  if (++digests_ > digestsMax) settle(lane);
}

// What leaves is the same as what the backup's guest has said, and has been heard by it.
void OutputGuard::match(Lane& lane, const std::function<void(View)>& release) {
  compareHeard(lane);
  while (!lane.differs && !lane.ours.empty() && mayLeave(lane, lane.ours.front().said)) {
    const auto held = held_.find(lane.ours.front().order);
    heldBytes_ -= held->second.bytes.size();
    const Bytes frame = std::move(held->second.bytes);
    equalAnswers_ += answers_.erase(held->first);
    held_.erase(held);
    lane.ours.pop_front();
    equalFrames_++;
    release(frame);
  }
}

// The two are compared where both have a frame that ends; what lies between two such places is the same if
// the hash of all up to the second is.
void OutputGuard::compareHeard(Lane& lane) {
  auto ours = lane.ours.begin();
  while (!lane.differs && !lane.others.empty()) {
    const Said& other = lane.others.front();
    while (ours != lane.ours.end() && ours->said.place < other.place) ++ours;
    if (ours == lane.ours.end()) return;
    if (ours->said.place == other.place) {
      if (ours->said.hash != other.hash) return settle(lane);
      lane.same = other.place;
    }
    lane.others.pop_front();
    digests_--;
  }
}

// An acknowledgement frees the bytes where they came from; so the backup's guest must have them, too.
bool OutputGuard::mayLeave(const Lane& lane, const OutputDigest& said) const {
  if (said.place > lane.same) return false;
  if (said.acknowledges == 0) return true;
  return lane.acknowledges && static_cast<std::int32_t>(lane.acknowledged - said.acknowledged) >= 0;
}

void OutputGuard::settle(Lane& lane) {
  lane.differs = true;
  differ();
  digests_ -= lane.others.size();
  lane.others.clear();
}

void OutputGuard::differ() {
  mismatches_++;
  differs_ = true;
}

void OutputGuard::seal(std::uint64_t round) {
  sealedBy_ = round;
  for (auto& [order, frame] : held_) sealed_.push_back(std::move(frame.bytes));
  held_.clear();
  answers_.clear();
  beginTime();
}

void OutputGuard::committed(std::uint64_t round, const std::function<void(View)>& release) {
  if (sealedBy_ != round) seal(round);
  round_ = round;
  releaseSealed(release);
  compareEarly(release);
}

void OutputGuard::compareEarly(const std::function<void(View)>& release) {
  std::deque<std::pair<std::uint64_t, OutputDigest>> early;
  early.swap(early_);
  for (const auto& [round, digest] : early) compare(round, digest, release);
}

void OutputGuard::releaseSealed(const std::function<void(View)>& release) {
  for (const Bytes& frame : std::exchange(sealed_, {})) {
    heldBytes_ -= frame.size();
    release(frame);
  }
}

void OutputGuard::beginTime() {
  lanes_.clear();
  speech_.begin();
  digests_ = 0;
  differs_ = false;
}

OutputGuard::Want OutputGuard::want(std::uint64_t nowNs, std::uint64_t spokenNs,
                                    const Patience& patience) const {
  if (differs_) return Want::mismatch;
  if (full()) return Want::full;
  if (held_.empty()) return Want::nothing;
  if (nowNs >= spokenNs + patience.idleNs) return Want::idle;
  return waitedFor(nowNs, patience) ? Want::waiting : Want::nothing;
}

bool OutputGuard::waitedFor(std::uint64_t nowNs, const Patience& patience) const {
  const bool answers = !answers_.empty();
  return nowNs >= held_.begin()->second.sinceNs + patience.acknowledgementNs ||
         (answers && nowNs >= held_.at(*answers_.begin()).sinceNs + patience.answerNs);
}

void OutputGuard::eachHeld(const std::function<void(View)>& take) const {
  for (const Bytes& frame : sealed_) take(frame);
  for (const auto& [order, frame] : held_) take(frame.bytes);
}

void RetainedOutput::Tail::put(View frame) {
  frames.emplace_back(frame.begin(), frame.end());
  for (bytes += frame.size(); bytes > bytesMax; frames.pop_front()) bytes -= frames.front().size();
}

void RetainedOutput::hold(std::uint64_t round, View frame) {
  if (round == round_) return own_.put(frame);
  if (round != roundOf_) of_ = Tail();
  roundOf_ = round;
  of_.put(frame);
}

void RetainedOutput::committed(std::uint64_t round) {
  own_ = round == roundOf_ ? std::move(of_) : Tail();
  of_ = Tail();
  round_ = round;
}

void RetainedOutput::releaseAll(const std::function<void(View)>& release) {
  for (const Bytes& frame : own_.frames) release(frame);
  clear();
}

}  // namespace gaia::vm
