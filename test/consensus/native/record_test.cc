// Records and rings as bytes: what is accepted, what never is.
#include <doctest/doctest.h>

#include <string>

#include "core/crc32c.h"
#include "core/ring_reader.h"
#include "core/ring_writer.h"

using namespace gaia;

namespace {

constexpr std::size_t ringBytes = 4096;
constexpr Ballot ballot = makeBallot(3, 1, 0);
const Member writerMember{0, 1, "127.0.0.1", 1, 1};

std::span<const std::byte> bytesOf(const std::string& text) { return std::as_bytes(std::span(text)); }

// One sealed record at the front of a buffer.
struct Sealed {
  alignas(64) std::array<std::byte, 256> bytes{};
  std::size_t length;
  Sealed(Position position, const std::string& payload) {
    RecordHeader header;
    header.position = position;
    header.ballot = header.origin = ballot;
    header.index = 7;
    header.length = static_cast<std::uint32_t>(payload.size());
    header.kind = 1;
    std::memcpy(bytes.data() + sizeof(header), payload.data(), payload.size());
    sealRecord(bytes.data(), header);
    length = sizeof(header) + payload.size();
  }
};

// A member's memory with its own ring.
struct Memory {
  std::vector<std::byte> bytes = std::vector<std::byte>(Region::bytesFor(ringBytes) + 64);
  std::byte* base = bytes.data() + (64 - reinterpret_cast<std::uintptr_t>(bytes.data()) % 64);
  Region region{base, ringBytes};
};

// Appends an entry of `size` payload bytes; false: no room.
bool append(RingWriter& writer, Index index, std::size_t size, Index applied, Index commit = 0) {
  std::byte* room = writer.reserve(size, ballot, {applied, 0});
  if (room == nullptr) return false;
  std::memset(room, static_cast<int>('a' + index % 26), size);
  RecordHeader header;
  header.ballot = header.origin = ballot;
  header.index = index;
  header.commit = commit;
  header.length = static_cast<std::uint32_t>(size);
  header.kind = 1;
  writer.append(header);
  return true;
}

void mirrorAll(const RingWriter& writer, const Region& into, Position from) {
  writer.mirror(from, writer.head(), [&](Position position, std::span<const std::byte> part) {
    placeBytes(into.ring(0) + position % ringBytes, part.data(), part.size());
  });
}

}  // namespace

TEST_CASE("CRC-32C: the published check value, and the instruction agrees with the table at every length") {
  CHECK((crc32c(~0u, bytesOf("123456789")) ^ ~0u) == 0xE3069283u);
  CHECK((crc32cByTable(~0u, bytesOf("123456789")) ^ ~0u) == 0xE3069283u);
  CHECK((crc32c(~0u, bytesOf(std::string(32, '\0'))) ^ ~0u) == 0x8A9136AAu);  // RFC 3720, B.4
  std::string text;
  for (int i = 0; i < 300; i++) {
    text += static_cast<char>(i * 37);
    for (std::size_t start : {0u, 1u, 3u}) {
      if (start > text.size()) continue;
      const auto part = bytesOf(text).subspan(start);
      REQUIRE(crc32c(42, part) == crc32cByTable(42, part));
    }
  }
}

TEST_CASE("a record with any one byte flipped is rejected") {
  Sealed sealed(ringBytes, "the payload of an entry");
  REQUIRE(parseRecord(sealed.bytes.data(), sealed.bytes.size(), ringBytes));
  for (std::size_t i = 0; i < sealed.length; i++) {
    for (const int bits : {0x01, 0x80, 0xFF}) {
      CAPTURE(i);
      Sealed damaged = sealed;
      damaged.bytes[i] ^= static_cast<std::byte>(bits);
      CHECK_FALSE(parseRecord(damaged.bytes.data(), damaged.bytes.size(), ringBytes));
    }
  }
}

TEST_CASE("a record of which only some cache lines, or some bytes, have arrived is rejected") {
  const Sealed sealed(ringBytes, std::string(150, 'p'));
  for (const bool lastFirst : {false, true}) {
    for (std::size_t arrived = 0; arrived < sealed.length; arrived++) {
      Sealed torn(0, std::string(150, 'q'));  // what an earlier lap left
      const std::size_t from = lastFirst ? sealed.length - arrived : 0;
      std::memcpy(torn.bytes.data() + from, sealed.bytes.data() + from, arrived);
      const bool whole = std::equal(torn.bytes.begin(), torn.bytes.begin() + sealed.length, sealed.bytes.begin());
      CAPTURE(arrived);
      CHECK(parseRecord(torn.bytes.data(), torn.bytes.size(), ringBytes).has_value() == whole);
    }
  }
}

TEST_CASE("a record of another lap, place or size of memory is rejected") {
  const Sealed sealed(ringBytes, "x");
  for (const Position position : {Position{0}, Position{64}, Position{2 * ringBytes}, Position{ringBytes + 64}}) {
    CHECK_FALSE(parseRecord(sealed.bytes.data(), sealed.bytes.size(), position));
  }
  CHECK_FALSE(parseRecord(sealed.bytes.data(), 64, ringBytes));  // cut off: the payload is not there
  CHECK_FALSE(parseRecord(sealed.bytes.data(), 32, ringBytes));
  // The seed: equal bytes but for a position that was patched afterwards must not validate (W4).
  Sealed patched = sealed;
  const Position other = 2 * ringBytes;
  std::memcpy(patched.bytes.data(), &other, sizeof(other));
  CHECK_FALSE(parseRecord(patched.bytes.data(), patched.bytes.size(), other));
}

TEST_CASE("records never straddle the ring's end, and a reader follows over many laps and paddings") {
  Memory own, other;
  RingWriter writer(own.region, writerMember);
  RingReader reader(other.region, 0);
  reader.assign(1);
  storeWord(other.region.ringHead(0).anchor, packPlace(1, 0));
  Position mirrored = 0;
  for (Index index = 1; index <= 400; index++) {
    const std::size_t size = index * 97 % 900;
    REQUIRE(append(writer, index, size, index - 1, index));
    std::uint64_t sequence = writer.headSequence() - 1;
    const Written* written = writer.next(&sequence);
    CHECK(written->start / ringBytes == (written->end - 1) / ringBytes);
    mirrorAll(writer, other.region, mirrored);
    mirrored = writer.head();
    reader.poll();
    const Record* record = reader.decided(index);
    REQUIRE(record != nullptr);
    REQUIRE(record->payload().size() == size);
    for (const std::byte b : record->payload()) REQUIRE(b == static_cast<std::byte>('a' + index % 26));
    reader.advance({index, 0});
  }
  CHECK(writer.head() > 40 * ringBytes);
}

TEST_CASE("G1 at home: a writer never overwrites what is not applied") {
  Memory own;
  RingWriter writer(own.region, writerMember);
  Index index = 0;
  while (append(writer, index + 1, 400, 0)) index++;
  CHECK(index == ringBytes / 512);              // full: nothing is applied
  CHECK_FALSE(append(writer, index + 1, 0, 0));
  CHECK(append(writer, index + 1, 400, 1));      // the first one is done with: room for one
  CHECK_FALSE(append(writer, index + 2, 400, 1));
}

TEST_CASE("A1: a record is decided by a commit statement of its own ballot only") {
  struct Case {
    const char* what;
    Ballot statementBallot;
    Index stated;
    bool torn, decided;
  };
  const Case cases[] = {
      {"its own ballot, at its index", ballot, 1, false, true},
      {"its own ballot, below its index", ballot, 0, false, false},
      {"an older ballot of the same writer", makeBallot(2, 1, 0), 9, false, false},
      {"a newer ballot of the same writer", makeBallot(4, 1, 0), 9, false, false},
      {"another writer's ballot", makeBallot(3, 2, 0), 9, false, false},
      {"a torn pair", ballot, 1, true, false},
  };
  for (const Case& test : cases) {
    CAPTURE(test.what);
    Memory own;
    RingWriter writer(own.region, writerMember);
    REQUIRE(append(writer, 1, 10, 0));
    const auto statement = CommitStatement::of(test.statementBallot, test.stated);
    RingHead& head = own.region.ringHead(0);
    storeWord(head.commitBallot, statement.ballot);
    storeWord(head.commit, statement.commit);
    storeWord(head.commitCheck, statement.check ^ (test.torn ? 1 : 0));
    RingReader reader(own.region, 0);
    reader.assign(1);
    reader.poll();
    CHECK((reader.decided(1) != nullptr) == test.decided);
  }
}
