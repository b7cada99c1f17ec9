#include "core/scan.h"

namespace gaia {
namespace {

constexpr std::size_t chunkBytes = 64u << 10;
constexpr int roundsMax = 16;
constexpr Position appliedBytesMax = 4u << 20;  // read again of what the peer has applied

Position startOf(const RingHead& head) {
  const Position anchor = placePosition(head.anchor);
  const bool sameWriter = head.cursor >> 48 == head.anchor >> 48;
  return sameWriter ? std::max(anchor, placePosition(head.cursor)) : anchor;
}

}  // namespace

std::optional<PeerScan::Read> PeerScan::feed(std::span<const std::byte> bytes) {
  switch (state_) {
    case State::head: return begin(bytes);
    case State::ring: return ring(bytes);
    case State::verify: return verify(bytes);
    default: return std::nullopt;
  }
}

std::optional<PeerScan::Read> PeerScan::begin(std::span<const std::byte> bytes) {
  std::memcpy(&head_, bytes.data(), sizeof(head_));
  if (head_.control.persistedPromise < durable_) {
    state_ = State::unpersisted;
    return std::nullopt;
  }
  found_.clear();
  slot_ = 0;
  return nextRing();
}

std::optional<PeerScan::Read> PeerScan::nextRing() {
  const std::size_t last = mutant(Mutant::asideUnread) ? slotsMax - 1 : asideSlot;
  while (slot_ <= last && head_.rings[slot_].anchor == 0) slot_++;
  if (slot_ > last) {
    state_ = State::verify;
    return first();
  }
  state_ = State::ring;
  required_ = startOf(head_.rings[slot_]);
  position_ = begins();
  scanned_ = 0;
  want_ = chunkBytes;
  ringFirst_ = found_.size();
  statements_.clear();
  return chunk();
}

// What the peer has applied and this member has not often still lies in front of the peer's cursor, byte for byte where
// this member's own cursor is. Reading from there on proves it decided although the peer's journal may answer nobody,
// because its processor stands still (C3). What is no longer there is not missed: it is not required.
Position PeerScan::begins() const {
  const std::uint64_t own = loadWord(region_.ringHead(slot_).cursor);
  const Position from = placePosition(own);
  const bool sameWriter = slot_ != asideSlot && own >> 48 == head_.rings[slot_].anchor >> 48;
  const bool lies = from < required_ && required_ - from <= std::min<Position>(appliedBytesMax, region_.ringBytes(slot_));
  return head_.control.applied > floor_ && sameWriter && lies ? from : required_;
}

PeerScan::Read PeerScan::chunk() const {
  return {region_.ringOffset(slot_) + position_ % region_.ringBytes(slot_), std::min(want_, room())};
}

std::optional<PeerScan::Read> PeerScan::ring(std::span<const std::byte> bytes) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    const auto record = parseRecord(bytes.data() + at, bytes.size() - at, position_);
    const bool foreign = record && !placeIsOf(head_.rings[slot_].anchor, numberOf(record->header.ballot));
    if (!record || (foreign && slot_ != asideSlot)) break;
    take(*record);
    at += recordBytes(record->header.length);
  }
  const std::size_t needed = at < bytes.size()
                                 ? claimedRecordBytes(bytes.data() + at, bytes.size() - at, position_)
                                 : sizeof(RecordHeader);
  const bool cut = at >= bytes.size() || (needed > bytes.size() - at && needed <= room());
  if (cut && scanned_ <= region_.ringBytes(slot_)) {
    want_ = std::max(chunkBytes, needed);
    return chunk();
  }
  if (position_ < required_) {
    position_ = required_;
    scanned_ = 0;
    want_ = chunkBytes;
    return chunk();
  }
  closeRing();
  slot_++;
  return nextRing();
}

void PeerScan::take(const Record& record) {
  const RecordHeader& header = record.header;
  position_ += recordBytes(header.length);
  scanned_ += recordBytes(header.length);
  Index& stated = statements_[header.ballot];
  stated = std::max(stated, header.commit);
  if (header.kind != padKind && header.index > floor_) found_.push_back(Found::of(record, false));
}

void PeerScan::closeRing() {
  const RingHead& head = head_.rings[slot_];
  const CommitStatement statement{head.commitBallot, head.commit, head.commitCheck};
  if (statement.valid()) {
    Index& stated = statements_[statement.ballot];
    stated = std::max(stated, statement.commit);
  }
  for (std::size_t i = ringFirst_; i < found_.size(); i++) {
    found_[i].decided = found_[i].header.index <= statements_[found_[i].header.ballot];
  }
  const auto passed = [&](const Found& found) { return !found.decided && found.header.position < required_; };
  found_.erase(std::remove_if(found_.begin() + static_cast<std::ptrdiff_t>(ringFirst_), found_.end(), passed), found_.end());
}

std::optional<PeerScan::Read> PeerScan::verify(std::span<const std::byte> bytes) {
  // The owner may have applied, and the former leader recycled, while we read: only a scan whose starting points still
  // hold has seen every unapplied record.
  Head before = head_;
  std::memcpy(&head_, bytes.data(), sizeof(head_));
  bool moved = false;
  for (std::size_t slot = 0; slot <= asideSlot; slot++) {
    moved = moved || before.rings[slot].cursor != head_.rings[slot].cursor ||
            before.rings[slot].anchor != head_.rings[slot].anchor;
  }
  if (!moved) {
    state_ = State::done;
    return std::nullopt;
  }
  if (++rounds_ == roundsMax) {
    state_ = State::failed;
    return std::nullopt;
  }
  return begin(bytes);
}

}  // namespace gaia
