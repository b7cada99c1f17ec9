#include "vm/relay/frames.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace gaia::relay {
namespace {

void appendPlaces(Bytes& to, const std::vector<std::uint8_t>& places) {
  to.push_back(static_cast<std::byte>(places.size()));
  for (const auto place : places) to.push_back(static_cast<std::byte>(place));
}

bool readPlaces(Reader& reader, std::vector<std::uint8_t>* places) {
  for (const std::byte place : reader.take(reader.u8())) places->push_back(static_cast<std::uint8_t>(place));
  const bool ascending = std::ranges::adjacent_find(*places, std::greater_equal()) == places->end();
  return ascending && (places->empty() || places->back() < HashBatch::pagesMax);
}

bool whole(const Reader& reader) { return !reader.cut() && reader.left() == 0; }

// Each page as its distance from the one before, doubled, plus one for zeros.
void appendPages(Bytes& to, const HashBatch& batch) {
  auto page = batch.pages.begin();
  auto zeroPage = batch.zeroPages.begin();
  std::uint64_t next = 0;
  while (page != batch.pages.end() || zeroPage != batch.zeroPages.end()) {
    const bool zero = page == batch.pages.end() || (zeroPage != batch.zeroPages.end() && *zeroPage < *page);
    const std::uint64_t number = zero ? *zeroPage++ : *page++;
    appendVarint(to, (number - next) << 1 | static_cast<std::uint64_t>(zero));
    next = number + 1;
  }
}

bool readPages(Reader& reader, std::size_t count, HashBatch* batch) {
  std::uint64_t next = 0;
  for (std::size_t i = 0; i < count; i++) {
    const std::uint64_t word = reader.varint();
    if (reader.cut() || (word >> 1) > ~std::uint64_t{0} - next - 1) return false;
    next += word >> 1;
    ((word & 1) != 0 ? batch->zeroPages : batch->pages).push_back(next++);
  }
  return true;
}

template <class Array>
bool readArray(Reader& reader, Array* into) {
  const auto bytes = reader.take(sizeof(Array));
  if (reader.cut()) return false;
  std::ranges::copy(bytes, std::as_writable_bytes(std::span(into, 1)).begin());
  return true;
}

}  // namespace

void appendFrame(Bytes& to, Kind kind, std::span<const std::byte> payload) {
  appendNumber(to, static_cast<std::uint32_t>(payload.size()));
  to.push_back(static_cast<std::byte>(kind));
  append(to, payload);
}

void endFrame(Bytes& to, std::size_t at) {
  Bytes length;
  appendNumber(length, static_cast<std::uint32_t>(to.size() - at - frameHeadBytes));
  std::ranges::copy(length, to.begin() + static_cast<std::ptrdiff_t>(at));
}

std::optional<FrameView> firstFrame(std::span<const std::byte> bytes, bool* malformed) {
  Reader reader(bytes);
  const auto length = reader.u32();
  const auto kind = reader.u8();
  if (reader.cut()) return {};
  *malformed = length > framePayloadBytesMax || kind < static_cast<std::uint8_t>(Kind::seed) ||
               kind > static_cast<std::uint8_t>(Kind::pages);
  if (*malformed || reader.left() < length) return {};
  return FrameView{static_cast<Kind>(kind), reader.take(length)};
}

Bytes HashBatch::encode() const {
  Bytes bytes;
  appendNumber(bytes, number);
  appendNumber(bytes, static_cast<std::uint8_t>(block));
  appendNumber(bytes, static_cast<std::uint8_t>(size()));
  appendPages(bytes, *this);
  for (const auto& hash : hashes) append(bytes, hash);
  return bytes;
}

std::optional<HashBatch> HashBatch::decode(std::span<const std::byte> payload) {
  Reader reader(payload);
  HashBatch batch;
  batch.number = reader.u32();
  batch.block = reader.u8();
  const std::size_t count = reader.u8();
  if (count == 0 || count > pagesMax || !readPages(reader, count, &batch)) return {};
  batch.hashes.resize(batch.pages.size());
  for (auto& hash : batch.hashes)
    if (!readArray(reader, &hash)) return {};
  return whole(reader) ? std::optional(batch) : std::nullopt;
}

Bytes Wants::encode() const {
  Bytes bytes;
  appendNumber(bytes, number);
  appendPlaces(bytes, places);
  for (const auto& page : pieces)
    for (const auto piece : page) appendNumber(bytes, piece);
  return bytes;
}

std::optional<Wants> Wants::decode(std::span<const std::byte> payload) {
  Reader reader(payload);
  Wants wants;
  wants.number = reader.u32();
  if (!readPlaces(reader, &wants.places) || reader.cut()) return {};
  if (reader.left() > 0) wants.pieces.resize(wants.places.size());
  for (auto& page : wants.pieces)
    for (auto& piece : page) piece = reader.u16();
  return whole(reader) ? std::optional(wants) : std::nullopt;
}

Bytes Content::encode() const {
  Bytes bytes;
  appendNumber(bytes, number);
  for (const auto& page : pages) {
    appendNumber(bytes, page.mask);
    append(bytes, page.pieces);
  }
  return bytes;
}

std::optional<Content> Content::decode(std::span<const std::byte> payload) {
  Reader reader(payload);
  Content content;
  content.number = reader.u32();
  while (!reader.cut() && reader.left() > 0 && content.pages.size() < HashBatch::pagesMax) {
    const auto mask = reader.u64();
    const auto pieces = reader.take(static_cast<std::size_t>(std::popcount(mask)) * pieceBytes);
    content.pages.push_back({mask, {pieces.begin(), pieces.end()}});
  }
  return whole(reader) ? std::optional(content) : std::nullopt;
}

Bytes Again::encode() const {
  Bytes bytes;
  appendNumber(bytes, number);
  appendPlaces(bytes, places);
  return bytes;
}

std::optional<Again> Again::decode(std::span<const std::byte> payload) {
  Reader reader(payload);
  Again again;
  again.number = reader.u32();
  if (!readPlaces(reader, &again.places)) return {};
  return whole(reader) ? std::optional(again) : std::nullopt;
}

Bytes DeviceState::encode() const {
  Bytes encoded;
  appendNumber(encoded, bytes);
  append(encoded, hash);
  append(encoded, delta);
  return encoded;
}

std::optional<DeviceState> DeviceState::decode(std::span<const std::byte> payload) {
  Reader reader(payload);
  DeviceState state;
  state.bytes = reader.u32();
  if (!readArray(reader, &state.hash)) return {};
  state.delta = reader.take(reader.left());
  return state;
}

}  // namespace gaia::relay
