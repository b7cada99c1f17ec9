#include "vm/inputs.h"

#include <algorithm>

namespace gaia::vm {

bool UnconfirmedInputs::add(View frame) {
  if (!isFrame(frame) || bytes_ + frame.size() > bytesMax) {
    lost_++;
    return false;
  }
  if (replacesAcknowledgement(frame)) return true;
  bytes_ += frame.size();
  frames_.emplace_back(frame.begin(), frame.end());
  return true;
}

// One that says the same again does not: that asks for a segment.
bool UnconfirmedInputs::replacesAcknowledgement(View frame) {
  const auto segment = tcpSegmentOf(frame);
  if (!segment || !isBareAcknowledgement(*segment)) return acknowledgements_.erase(flowOf(frame)), false;
  Sequence& last = acknowledgements_[flowOf(frame)];
  const bool waits = last >= neverSent_ && last < first_ + frames_.size();
  if (waits) {
    Bytes& older = frames_[last - first_];
    const auto known = tcpSegmentOf(older)->acknowledged;
    if (static_cast<std::int32_t>(segment->acknowledged - known) > 0) {
      bytes_ += frame.size() - older.size();
      older.assign(frame.begin(), frame.end());
      return true;
    }
  }
  last = first_ + frames_.size();
  return false;
}

Bytes UnconfirmedInputs::takeBatch() {
  if (sent_ == frames_.size()) return {};
  Bytes batch = beginInputs({slot_, member_, first_ + sent_, {}});
  while (sent_ < frames_.size() && batch.size() + frames_[sent_].size() <= batchBytesMax)
    appendFramed(frames_[sent_++], &batch);
  neverSent_ = std::max(neverSent_, first_ + sent_);
  if (neverSent_ == first_ + frames_.size()) acknowledgements_.clear();
  return batch;
}

void UnconfirmedInputs::ledIn(std::uint64_t term, std::uint64_t epoch) {
  if (term != term_ || epoch != epoch_) sendAgain();
  term_ = term;
  epoch_ = epoch;
}

void UnconfirmedInputs::confirmed(Sequence last) {
  for (; !frames_.empty() && first_ <= last; first_++) {
    bytes_ -= frames_.front().size();
    frames_.pop_front();
    if (sent_ > 0) sent_--;
  }
}

}  // namespace gaia::vm
