#include "vm/output_guard.h"

#include <sodium.h>

namespace gaia::vm {

OutputDigest digestOf(View frame, const HashKey& key) {
  OutputDigest digest{flowOf(frame), {}};
  crypto_generichash(reinterpret_cast<unsigned char*>(digest.hash.data()), digest.hash.size(),
                     reinterpret_cast<const unsigned char*>(frame.data()), frame.size(), key.data(),
                     key.size());
  return digest;
}

void OutputGuard::close(bool closed, const std::function<void(View)>& release) {
  if (!closed) releaseAll(release);
  early_.clear();
  closed_ = closed;
}

void OutputGuard::put(View frame, const std::function<void(View)>& release) {
  if (!closed_) return release(frame);
  const OutputDigest digest = digestOf(frame, key_);
  const std::uint64_t place = nextPlace_++;
  held_.emplace(place, Bytes(frame.begin(), frame.end()));
  heldBytes_ += frame.size();
  Lane& lane = lanes_[digest.flow];
  lane.ours.push_back({place, digest.hash});
  match(digest.flow, lane, release);
}

void OutputGuard::compare(std::uint64_t round, const OutputDigest& digest,
                          const std::function<void(View)>& release) {
  if (!closed_ || round < round_) return;
  if (round > round_) {
    if (early_.size() < digestsMax) early_.emplace_back(round, digest);
    return;
  }
  Lane& lane = lanes_[digest.flow];
  if (!lane.differs) {
    lane.others.push_back(digest.hash);
    if (++digests_ > digestsMax) settle(lane);
  }
  match(digest.flow, lane, release);
}

// The frames of a flow are equal one by one from the last round on, or no more until the next.
void OutputGuard::match(const Flow& flow, Lane& lane, const std::function<void(View)>& release) {
  while (!lane.differs && !lane.ours.empty() && !lane.others.empty()) {
    if (lane.ours.front().hash != lane.others.front()) {
      settle(lane);
      break;
    }
    const auto held = held_.find(lane.ours.front().place);
    heldBytes_ -= held->second.size();
    const Bytes frame = std::move(held->second);
    held_.erase(held);
    lane.ours.pop_front();
    lane.others.pop_front();
    digests_--;
    equalFrames_++;
    release(frame);
  }
  if (!lane.differs && lane.ours.empty() && lane.others.empty()) lanes_.erase(flow);
}

void OutputGuard::settle(Lane& lane) {
  mismatches_++;
  differs_ = lane.differs = true;
  digests_ -= lane.others.size();
  lane.others.clear();
}

void OutputGuard::committed(std::uint64_t round, const std::function<void(View)>& release) {
  round_ = round;
  releaseAll(release);
  compareEarly(release);
}

void OutputGuard::compareEarly(const std::function<void(View)>& release) {
  std::deque<std::pair<std::uint64_t, OutputDigest>> early;
  early.swap(early_);
  for (const auto& [round, digest] : early) compare(round, digest, release);
}

void OutputGuard::releaseAll(const std::function<void(View)>& release) {
  for (const auto& [place, frame] : held_) release(frame);
  held_.clear();
  lanes_.clear();
  heldBytes_ = digests_ = 0;
  differs_ = false;
}

OutputGuard::Want OutputGuard::want() const {
  if (differs_) return Want::mismatch;
  return full() ? Want::full : Want::nothing;
}

void RetainedOutput::put(View frame) {
  frames_.emplace_back(frame.begin(), frame.end());
  for (bytes_ += frame.size(); bytes_ > bytesMax; frames_.pop_front()) bytes_ -= frames_.front().size();
}

void RetainedOutput::releaseAll(const std::function<void(View)>& release) {
  for (const Bytes& frame : frames_) release(frame);
  committed();
}

}  // namespace gaia::vm
