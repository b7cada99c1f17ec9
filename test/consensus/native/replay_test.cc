// What a member needs to start from its journal, and what is left of that.
#include <malloc.h>

#include <doctest/doctest.h>
#include "rig.h"

using namespace gaia;
using namespace gaia::test;

namespace {

constexpr std::size_t entries = 64, entryBytes = 32u << 10;

struct Silent : CoreListener {
  void persist(const Record&) override {}
  bool keepPiece(std::uint32_t, std::span<const std::byte>) override { return false; }
  void changed() override {}
};

std::vector<std::byte> journal() {
  constexpr std::size_t each = recordBytes(entryBytes);
  std::vector<std::byte> bytes(entries * each);
  RecordHeader header;
  header.ballot = header.origin = makeBallot(1, 1, 0);
  header.length = entryBytes;
  header.kind = static_cast<std::uint8_t>(EntryKind::turn);
  for (std::size_t i = 0; i < entries; i++) {
    header.index = i + 1;
    header.prevOrigin = i == 0 ? 0 : header.origin;
    sealRecord(bytes.data() + i * each, header);
  }
  return bytes;
}

// Under a sanitizer, whose allocator tells nothing, always 0.
std::size_t allocatedBytes() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

}  // namespace

TEST_CASE("what was replayed and is applied takes no memory any more") {
  RigMemory memory(Durability::disk);
  Silent listener;
  const Member self{0, 1, "host", 1, 1}, other{1, 2, "host", 1, 1};
  Core core({self, {other}, false}, memory.region, listener);
  const std::size_t before = allocatedBytes();
  core.replay(journal());
  std::size_t applied = 0;
  for (Entry entry; core.next(&entry); applied++) core.applied(entry.index, 0, 0);
  CHECK(applied == entries);
  CHECK(allocatedBytes() < before + entries * entryBytes / 8);
}
