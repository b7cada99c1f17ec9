#include "gateway/output_comparison.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace gaia::gateway {

void OutputComparison::heard(View bytes) {
  if (!over_) comparable_.heard(bytes, &kept_);
}

void OutputComparison::said(View bytes) {
  if (!over_) comparable_.said(bytes, &kept_);
}

void OutputComparison::ended() {
  ended_ = true;
  if (!over_) comparable_.ended(&kept_);
}

std::uint64_t OutputComparison::hashOf(std::size_t count) const {
  crypto_generichash_state state;
  std::array<unsigned char, crypto_generichash_BYTES> digest;
  crypto_generichash_init(&state, nullptr, 0, digest.size());
  crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(&last_.hash), sizeof last_.hash);
  crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(kept_.data()), count);
  crypto_generichash_final(&state, digest.data(), digest.size());
  std::uint64_t hash = 0;
  std::memcpy(&hash, digest.data(), sizeof hash);
  return hash;
}

std::optional<Said> OutputComparison::takeSaid() {
  if (!unsaid()) return std::nullopt;
  last_ = {last_.bytes + kept_.size(), hashOf(kept_.size()), ended_};
  kept_.clear();
  return last_;
}

void OutputComparison::expect(std::uint64_t index, std::uint32_t author, const Said& said) {
  if (!over_) expected_.push_back({index, author, said});
}

Difference OutputComparison::differs(const Expected& expected, bool silent) {
  const auto shown = static_cast<std::ptrdiff_t>(std::min(kept_.size(), shownBytesMax));
  Difference difference{expected.index, expected.author, last_.bytes, expected.said.bytes, silent,
                        Bytes(kept_.begin(), kept_.begin() + shown)};
  over_ = true;
  expected_.clear();
  kept_.clear();
  return difference;
}

std::optional<Difference> OutputComparison::compare() {
  while (!expected_.empty()) {
    const Expected next = expected_.front();
    const std::uint64_t count = next.said.bytes - last_.bytes;
    const bool reached = count <= kept_.size() && (!next.said.ended || ended_);
    if (!reached && !ended_) return std::nullopt;
    if (!reached) return differs(next, true);
    if (next.said.bytes < last_.bytes || hashOf(count) != next.said.hash) return differs(next, false);
    if (next.said.ended && count < kept_.size()) return differs(next, false);
    expected_.pop_front();
    kept_.erase(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(count));
    last_ = next.said;
  }
  return std::nullopt;
}

std::optional<Difference> OutputComparison::missing() {
  if (expected_.empty()) return std::nullopt;
  return differs(expected_.front(), true);
}

}  // namespace gaia::gateway
