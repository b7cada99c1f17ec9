// One record of a ring: a 64-byte header and its payload, padded to 64 bytes. Records never straddle the ring's end.
#pragma once
#include <optional>

#include "core/region.h"

namespace gaia {

constexpr std::uint8_t padKind = 255;  // fills the rest of a lap; carries no index

struct RecordHeader {
  Position position = 0;  // where this record starts: lap and offset (stale laps cannot validate, W4)
  Ballot ballot = 0;      // under which it was written
  Index index = 0;
  Ballot origin = 0;      // under which the entry was first proposed
  Ballot prevOrigin = 0;  // origin of the entry before it (chain, C4)
  Index commit = 0;       // decided under `ballot` when this was written (A1)
  std::uint32_t length = 0;
  std::uint8_t kind = 0;
  std::uint8_t zero[3] = {};
  std::uint32_t crc = 0;  // CRC-32C of header (this field zero) and payload, seeded with position and ballot
  std::uint32_t zeroToo = 0;
};
static_assert(sizeof(RecordHeader) == 64);

constexpr std::size_t recordBytes(std::size_t length) { return (sizeof(RecordHeader) + length + 63) & ~std::size_t{63}; }
constexpr std::size_t recordBytesMax = recordBytes(entryBytesMax);

// How far a member is. A record is done with when its index is applied, or when its ballot is below the origin of an
// applied entry: that ballot's leader had read a majority, so a lower record beyond it was not decided, and it can never
// be adopted, since its chain (C4) does not go through that entry.
struct Done {
  Index applied = 0;
  Ballot origin = 0;  // of the last applied entry
  bool covers(Index index, Ballot ballot) const { return index <= applied || ballot < origin; }
};

// A record lying in memory that stays put while it is used.
struct Record {
  RecordHeader header;
  const std::byte* bytes = nullptr;  // of the whole record
  std::span<const std::byte> payload() const { return {bytes + sizeof(RecordHeader), header.length}; }
  std::span<const std::byte> whole() const { return {bytes, recordBytes(header.length)}; }
};

// Completes the header (crc) of a record whose payload is in place at `at` + 64, and stores the header.
void sealRecord(std::byte* at, RecordHeader header);

// Reads the record that should start at `at` with `position`. Nothing unless all of position, sizes and CRC agree;
// never relies on the last byte arriving last.
std::optional<Record> parseRecord(const std::byte* at, std::size_t available, Position position);

// Bytes needed to validate the record at `at`, judged by its unverified header; 0: no record of `position` there.
std::size_t claimedRecordBytes(const std::byte* at, std::size_t available, Position position);

}  // namespace gaia
