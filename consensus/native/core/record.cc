#include "core/record.h"

#include "core/crc32c.h"

namespace gaia {
namespace {

std::uint32_t checksum(const RecordHeader& header, const std::byte* payload) {
  RecordHeader bare = header;
  bare.crc = 0;
  const std::uint32_t seed = static_cast<std::uint32_t>(mix(header.position, header.ballot));
  const std::uint32_t crc = crc32c(seed, std::as_bytes(std::span(&bare, 1)));
  const std::size_t hashed = header.kind == padKind ? 0 : header.length;
  return crc32c(crc, {payload, hashed});
}

bool plausible(const RecordHeader& header, Position position) {
  if (header.position != position || header.ballot == 0) return false;
  return header.kind == padKind ? header.length % 64 == 0 : header.length <= entryBytesMax;
}

}  // namespace

void sealRecord(std::byte* at, RecordHeader header) {
  header.crc = checksum(header, at + sizeof(RecordHeader));
  std::memcpy(at, &header, sizeof(header));
}

std::size_t claimedRecordBytes(const std::byte* at, std::size_t available, Position position) {
  if (available < sizeof(RecordHeader)) return 0;
  RecordHeader header;
  std::memcpy(&header, at, sizeof(header));
  if (!plausible(header, position)) return 0;
  return header.kind == padKind ? sizeof(RecordHeader) : recordBytes(header.length);
}

std::optional<Record> parseRecord(const std::byte* at, std::size_t available, Position position) {
  if (loadWord(*reinterpret_cast<const std::uint64_t*>(at)) != position) return std::nullopt;
  Record record;
  record.bytes = at;
  std::memcpy(&record.header, at, sizeof(RecordHeader));
  const std::size_t needed = claimedRecordBytes(at, available, position);
  if (needed == 0 || needed > available || !plausible(record.header, position)) return std::nullopt;
  if (record.header.kind != padKind && recordBytes(record.header.length) > available) return std::nullopt;
  if (record.header.crc != checksum(record.header, at + sizeof(RecordHeader))) return std::nullopt;
  std::atomic_thread_fence(std::memory_order_acquire);  // the payload is read again later
  return record;
}

}  // namespace gaia
