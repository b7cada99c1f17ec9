#include "core/recent_output.h"

#include <algorithm>
#include <map>

namespace gaia {
namespace {

constexpr std::size_t shownBytesMax = 32;

struct PieceHead {
  std::int32_t connection;
  std::uint32_t bytes;
};

struct RecordTail {
  Index index;
  std::uint64_t outputHash;
  std::uint32_t clockCalls;
  std::uint32_t saidBytes;
  std::uint32_t whole;
  std::uint32_t recordBytes;  // this tail included
};

constexpr std::size_t aligned(std::size_t bytes) { return (bytes + 7) & ~std::size_t{7}; }

void take(View circle, Position at, void* into, std::size_t bytes) {
  auto* to = static_cast<std::byte*>(into);
  const std::size_t first = std::min(bytes, circle.size() - at % circle.size());
  std::memcpy(to, circle.data() + at % circle.size(), first);
  std::memcpy(to + first, circle.data(), bytes - first);
}

using ByConnection = std::map<std::int32_t, std::vector<std::byte>>;

// The order of connections does not show in it.
ByConnection byConnection(const KeptOutput& entry) {
  ByConnection said;
  View rest = entry.said;
  PieceHead head;
  while (rest.size() >= sizeof head) {
    std::memcpy(&head, rest.data(), sizeof head);
    rest = rest.subspan(sizeof head);
    const View bytes = rest.first(std::min<std::size_t>(head.bytes, rest.size()));
    auto& all = said[head.connection];
    all.insert(all.end(), bytes.begin(), bytes.end());
    rest = rest.subspan(bytes.size());
  }
  return said;
}

std::vector<std::byte> from(const std::vector<std::byte>& bytes, std::size_t at) {
  const std::size_t begin = std::min(at, bytes.size());
  const View shown = View(bytes).subspan(begin, std::min(shownBytesMax, bytes.size() - begin));
  return {shown.begin(), shown.end()};
}

// Where one of them is cut, what the other says beyond is no difference.
bool differAt(const std::vector<std::byte>& here, const std::vector<std::byte>& there, bool whole, std::size_t* at) {
  const auto [one, other] = std::ranges::mismatch(here, there);
  *at = static_cast<std::size_t>(one - here.begin());
  const bool ended = one == here.end() || other == there.end();
  return ended ? whole && here.size() != there.size() : true;
}

OutputDifference difference(const KeptOutput& here, const KeptOutput& there) {
  OutputDifference found;
  found.clockCallsHere = here.clockCalls;
  found.clockCallsThere = there.clockCalls;
  ByConnection ours = byConnection(here), theirs = byConnection(there);
  for (const auto& [connection, bytes] : theirs) ours[connection];
  for (const auto& [connection, bytes] : ours) {
    std::size_t at = 0;
    if (!differAt(bytes, theirs[connection], here.whole && there.whole, &at)) continue;
    found.connection = static_cast<std::uint64_t>(connection);
    found.fromByte = at;
    found.here = from(bytes, at);
    found.there = from(theirs[connection], at);
    return found;
  }
  return found;
}

}  // namespace

RecentOutput::RecentOutput(std::span<std::byte> area) {
  if (area.size() < 2 * sizeof(OutputHead)) return;
  head_ = reinterpret_cast<OutputHead*>(area.data());
  circle_ = area.subspan(sizeof(OutputHead));
  bytesMax_ = std::min(entryBytesMax, circle_.size() / 4);
}

void RecentOutput::begin() {
  begun_ = true;
  cut_ = false;
  used_ = 0;
  connection_ = -1;
  storeWord(head_->announced, record_ + bytesMax_ + 8 + sizeof(RecordTail));
  std::atomic_thread_fence(std::memory_order_release);
}

void RecentOutput::put(Position at, View bytes) {
  const std::size_t place = at % circle_.size();
  const std::size_t first = std::min(bytes.size(), circle_.size() - place);
  transferBytes(circle_.data() + place, bytes.data(), first);
  transferBytes(circle_.data(), bytes.data() + first, bytes.size() - first);
}

void RecentOutput::say(std::int32_t connection, View bytes) {
  if (head_ == nullptr || cut_ || bytes.empty()) return;
  if (!begun_) begin();
  const bool another = connection != connection_;
  const std::size_t headBytes = another ? sizeof(PieceHead) : 0;
  if (used_ + headBytes >= bytesMax_) {
    cut_ = true;
    return;
  }
  if (another) {
    connection_ = connection;
    piece_ = record_ + used_;
    pieceBytes_ = 0;
    used_ += headBytes;
  }
  const View kept = bytes.first(std::min(bytes.size(), bytesMax_ - used_));
  cut_ = kept.size() < bytes.size();
  put(record_ + used_, kept);
  used_ += kept.size();
  pieceBytes_ += static_cast<std::uint32_t>(kept.size());
  const PieceHead head{connection_, pieceBytes_};
  put(piece_, std::as_bytes(std::span(&head, 1)));
}

void RecentOutput::end(Index index, std::uint64_t outputHash, std::uint32_t clockCalls) {
  if (head_ == nullptr) return;
  if (!begun_) begin();
  const std::size_t room = aligned(used_);
  const RecordTail tail{index, outputHash, clockCalls, static_cast<std::uint32_t>(used_), cut_ ? 0u : 1u,
                        static_cast<std::uint32_t>(room + sizeof(RecordTail))};
  put(record_ + room, std::as_bytes(std::span(&tail, 1)));
  record_ += tail.recordBytes;
  storeWord(head_->ended, record_);
  begun_ = false;
}

OutputHistory outputHistory(View image, Position announced) {
  OutputHistory history;
  if (image.size() < 2 * sizeof(OutputHead)) return history;
  OutputHead head;
  std::memcpy(&head, image.data(), sizeof head);
  const View circle = image.subspan(sizeof head);
  const Position oldest = announced > circle.size() ? announced - circle.size() : 0;
  Position end = head.ended;
  RecordTail tail;
  while (end >= oldest + sizeof tail && end <= announced) {
    take(circle, end - sizeof tail, &tail, sizeof tail);
    if (tail.recordBytes < aligned(tail.saidBytes) + sizeof tail || tail.recordBytes > end - oldest) break;
    KeptOutput entry{tail.index, tail.outputHash, tail.clockCalls, tail.whole != 0, std::vector<std::byte>(tail.saidBytes)};
    take(circle, end - tail.recordBytes, entry.said.data(), tail.saidBytes);
    end -= tail.recordBytes;
    history.entries.push_back(std::move(entry));
  }
  std::ranges::reverse(history.entries);
  history.complete = end == 0;
  return history;
}

std::optional<Divergence> firstDifference(const OutputHistory& here, const OutputHistory& there, Index equalUpTo) {
  const auto reachesBack = [equalUpTo](const OutputHistory& history) {
    return history.complete || (!history.entries.empty() && history.entries.front().index <= equalUpTo + 1);
  };
  if (!reachesBack(here) || !reachesBack(there)) return {};
  for (const KeptOutput& entry : here.entries) {
    if (entry.index <= equalUpTo) continue;
    const auto other = std::ranges::lower_bound(there.entries, entry.index, {}, &KeptOutput::index);
    if (other == there.entries.end()) return {};
    if (other->index != entry.index) continue;
    if (other->outputHash == entry.outputHash && other->clockCalls == entry.clockCalls) continue;
    return Divergence{entry.index, 0, difference(entry, *other)};
  }
  return {};
}

}  // namespace gaia
