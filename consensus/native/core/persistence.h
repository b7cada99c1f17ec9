// What passes between the core and whoever writes its disk (rule D1). The core says what must survive a
// crash; the environment writes and synchronises it, in this order, and tells the core. Nothing is published
// before.
#pragma once
#include "core/adoption.h"

namespace gaia {

struct PersistOrder {
  struct Span {
    std::uint8_t slot = 0;
    std::uint64_t epoch = 0;
    Position to = 0;
  };
  Ballot promise = 0;              // 0: as before
  std::vector<std::byte> records;  // whole ring records, one after the other, each with its own CRC
  Index journal = 0;               // the journal's entries up to this one; 0: as before
  std::vector<Span> spans;         // what the core wants to hear again
  bool empty() const { return promise == 0 && journal == 0 && spans.empty(); }
};

constexpr std::size_t orderBytesMax = 2u << 20;  // of records in one order (but for one whole record)

// What a member's disk held when it started again.
struct Recovery {
  Ballot promise = 0;          // the highest ballot of a claim or a record
  Position ringStart = 0;      // the own ring begins here
  std::vector<Found> decided;  // continue the journal
  std::vector<Found>
      undecided;  // accepted, not decided as far as the disk tells; per index that of the highest ballot
};

// A log as it was read back.
struct PersistedLog {
  Ballot promise = 0;
  Position ringEnd = 0;            // of the own ring, as far as dropped parts of the log tell
  std::vector<std::byte> records;  // of all orders, in any order
};

// `journal`: the last entry that the journal holds; nothing that it covers is needed.
Recovery sortOut(const PersistedLog& log, std::uint32_t self, std::size_t ringBytes, Done journal);

// The end of what `records` hold of the ring of member `self`; 0: nothing.
Position ringEndIn(std::span<const std::byte> records, std::uint32_t self);

// The highest index in `records`; 0: there are none.
Index highestIndexIn(std::span<const std::byte> records);

// Calls `take(record)` for each of whole records one after the other. False: what follows is no record. One that fills
// a lap is none here: it stands for bytes that are not there.
template <class Take>
bool eachRecord(std::span<const std::byte> bytes, Take take) {
  while (bytes.size() >= sizeof(RecordHeader)) {
    Position position;
    std::memcpy(&position, bytes.data(), sizeof(position));
    const auto record = parseRecord(bytes.data(), bytes.size(), position);
    if (!record || record->header.kind == padKind) break;
    take(*record);
    bytes = bytes.subspan(record->whole().size());
  }
  return bytes.empty();
}

}  // namespace gaia
