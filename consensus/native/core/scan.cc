#include "core/scan.h"

namespace gaia {
namespace {

constexpr std::size_t chunkBytes = 64u << 10;
constexpr int roundsMax = 16;

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
  while (slot_ <= asideSlot && head_.rings[slot_].anchor == 0) slot_++;
  if (slot_ > asideSlot) {
    state_ = State::verify;
    return first();
  }
  state_ = State::ring;
  position_ = startOf(head_.rings[slot_]);
  scanned_ = 0;
  want_ = chunkBytes;
  ringFirst_ = found_.size();
  statements_.clear();
  return chunk();
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
  if (!moved || mutant(Mutant::notVerified)) {
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
