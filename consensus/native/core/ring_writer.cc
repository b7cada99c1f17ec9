#include "core/ring_writer.h"

namespace gaia {

RingWriter::RingWriter(const Region& region, const Member& self, Position start)
    : region_(region), self_(self), head_(start), persisted_(start) {
  RingHead& head = region_.ringHead(self_.slot);
  storeWord(head.cursor, packPlace(self_.number, start));
  storeWord(head.anchor, packPlace(self_.number, start));
}

std::byte* RingWriter::reserve(std::size_t bytesMax, Ballot ballot, const Done& done) {
  const std::size_t needed = recordBytes(bytesMax);
  const std::size_t left = region_.ringBytes() - head_ % region_.ringBytes();
  if (needed > left) {
    if (!makeRoom(head_ + left + needed, done)) return nullptr;
    pad(left, ballot);
  } else if (!makeRoom(head_ + needed, done)) {
    return nullptr;
  }
  return at(head_) + sizeof(RecordHeader);
}

bool RingWriter::makeRoom(Position end, const Done& done) {
  if (end <= region_.ringBytes()) return true;
  const Position keep = end - region_.ringBytes();
  if (region_.durable() && keep > persisted_) return false;  // also bounds how far a life writes beyond its disk
  if (tail() >= keep) return true;
  const Position needed = neededFrom(done);
  if (needed < keep) return false;
  // A candidate that reads this region must not start at bytes that are about to go.
  storeWord(region_.ringHead(self_.slot).cursor, packPlace(self_.number, needed));
  while (!log_.empty() && log_.front().start < keep) {
    log_.pop();
    popped_++;
  }
  return true;
}

void RingWriter::pad(std::size_t bytes, Ballot ballot) {
  RecordHeader header;
  header.ballot = ballot;
  header.kind = padKind;
  header.length = static_cast<std::uint32_t>(bytes - sizeof(RecordHeader));
  padStart_ = head_;
  padEnd_ = head_ + bytes;
  append(header);
}

void RingWriter::append(RecordHeader header) {
  header.position = head_;
  sealRecord(at(head_), header);
  const Position end = head_ + recordBytes(header.length);
  log_.push({header.index, header.ballot, head_, end});
  head_ = end;
}

Position RingWriter::neededFrom(const Done& done) {
  std::uint64_t& sequence = neededSequence_;  // never behind the tail: needed records do not leave
  while (sequence < headSequence()) {
    const Written& written = log_[sequence - popped_];
    if (written.index != 0 && !done.covers(written.index, written.ballot)) break;
    sequence++;
  }
  return sequence == headSequence() ? head_ : log_[sequence - popped_].start;
}

const Written* RingWriter::find(Index index, Ballot ballot) const {
  for (std::size_t i = log_.size(); i-- > 0 && log_[i].ballot >= ballot;) {
    if (log_[i].index == index && log_[i].ballot == ballot) return &log_[i];
  }
  return nullptr;
}

const Written* RingWriter::next(std::uint64_t* sequence) const {
  *sequence = std::max(*sequence, popped_);
  if (*sequence == headSequence()) return nullptr;
  return &log_[(*sequence)++ - popped_];
}

Record RingWriter::recordAt(const Written& written) const {
  Record record;
  record.bytes = at(written.start);
  std::memcpy(&record.header, record.bytes, sizeof(RecordHeader));
  return record;
}

}  // namespace gaia
