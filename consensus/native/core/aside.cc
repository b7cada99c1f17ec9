#include "core/aside.h"

namespace gaia {

Aside::Aside(const Region& region) : region_(region) {
  if (!region_.durable()) return;
  storeWord(region_.ringHead(asideSlot).anchor, packPlace(0, 0));
  publish();
}

bool Aside::add(const Record& record, Index stated) {
  if (!makeRoom(record.whole().size())) return false;
  std::byte* at = region_.ring(asideSlot) + head_ % region_.ringBytes(asideSlot);
  std::memcpy(at + sizeof(RecordHeader), record.payload().data(), record.payload().size());
  RecordHeader header = record.header;
  header.commit = std::max(header.commit, stated);
  window_.push(seal(header));
  return true;
}

// Pads to the end of the lap when the record would straddle it.
bool Aside::makeRoom(std::size_t bytes) {
  const std::size_t size = region_.ringBytes(asideSlot);
  const std::size_t left = size - head_ % size;
  const Position tail = window_.empty() ? head_ : window_.front().header.position;
  const Position end = head_ + bytes + (bytes > left ? left : 0);
  if (end - tail > size) return false;
  if (bytes <= left) return true;
  RecordHeader pad;
  pad.ballot = 1;
  pad.kind = padKind;
  pad.length = static_cast<std::uint32_t>(left - sizeof(RecordHeader));
  seal(pad);
  return true;
}

Record Aside::seal(RecordHeader header) {
  std::byte* at = region_.ring(asideSlot) + head_ % region_.ringBytes(asideSlot);
  header.position = head_;
  sealRecord(at, header);
  head_ += recordBytes(header.length);
  return {header, at};
}

const Record* Aside::decided(Index index) const {
  for (std::size_t i = 0; i < window_.size(); i++) {
    if (window_[i].header.index == index && provesDecided(window_[i])) return &window_[i];
  }
  return nullptr;
}

void Aside::advance(const Done& done) {
  if (window_.empty()) return;
  while (!window_.empty() && done.covers(window_.front().header.index, window_.front().header.ballot))
    window_.pop();
  publish();
}

void Aside::publish() {
  const Position cursor = window_.empty() ? head_ : window_.front().header.position;
  storeWord(region_.ringHead(asideSlot).cursor, packPlace(0, cursor));
}

}  // namespace gaia
