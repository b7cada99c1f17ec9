#include "turn.h"

#include <algorithm>
#include <cstring>

namespace gaia::interpose {

TurnWriter::TurnWriter(std::span<std::byte> room, TurnType type) : room_(room), type_(type) {}

std::span<std::byte> TurnWriter::payloadRoom() const {
  const std::size_t taken = used_ + sizeof(RecordHead);
  if (taken >= room_.size()) return {};
  return room_.subspan(taken, (room_.size() - taken) / 8 * 8);
}

bool TurnWriter::add(RecordKind kind, std::int32_t fd, std::uint32_t value, std::size_t bytes) {
  const std::size_t room = recordRoom(bytes);
  if (room > room_.size() - used_) return false;
  const RecordHead head{kind, {}, fd, value, static_cast<std::uint32_t>(bytes)};
  std::byte* at = room_.data() + used_;
  std::memcpy(at, &head, sizeof head);
  std::memset(at + sizeof head + bytes, 0, room - sizeof head - bytes);
  used_ += room;
  ++records_;
  return true;
}

bool TurnWriter::addAccepted(std::int32_t listener, const AcceptedAddresses& addresses) {
  const auto room = payloadRoom();
  if (room.size() < sizeof addresses) return false;
  std::memcpy(room.data(), &addresses, sizeof addresses);
  return add(RecordKind::accepted, listener, 0, sizeof addresses);
}

std::size_t TurnWriter::finish(const ClockReading& clock) {
  const TurnHeader header{type_, records_, clock, 0};
  std::memcpy(room_.data(), &header, sizeof header);
  return used_;
}

TurnReader::TurnReader(std::span<const std::byte> entry) {
  if (entry.size() < sizeof header_) return;
  std::memcpy(&header_, entry.data(), sizeof header_);
  rest_ = entry.subspan(sizeof header_);
  left_ = header_.recordCount;
  valid_ = header_.type == TurnType::turn || header_.type == TurnType::takeover ||
           header_.type == TurnType::refresh;
}

bool TurnReader::next(Record* out) {
  if (left_ == 0 || !valid_) return false;
  valid_ = rest_.size() >= sizeof out->head;
  if (!valid_) return false;
  std::memcpy(&out->head, rest_.data(), sizeof out->head);
  valid_ = rest_.size() >= recordRoom(out->head.bytes);
  if (!valid_) return false;
  out->payload = rest_.subspan(sizeof out->head, out->head.bytes);
  rest_ = rest_.subspan(recordRoom(out->head.bytes));
  --left_;
  return true;
}

}  // namespace gaia::interpose
