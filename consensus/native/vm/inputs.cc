#include "vm/inputs.h"

namespace gaia::vm {

bool UnconfirmedInputs::add(View frame) {
  if (!isFrame(frame) || bytes_ + frame.size() > bytesMax) {
    lost_++;
    return false;
  }
  bytes_ += frame.size();
  frames_.emplace_back(frame.begin(), frame.end());
  return true;
}

Bytes UnconfirmedInputs::takeBatch() {
  if (sent_ == frames_.size()) return {};
  Bytes batch = beginInputs({slot_, member_, first_ + sent_, {}});
  while (sent_ < frames_.size() && batch.size() + frames_[sent_].size() <= batchBytesMax)
    appendFramed(frames_[sent_++], &batch);
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
