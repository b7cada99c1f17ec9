// What members of a group share, byte for byte. Where one of these numbers changes, members before and after the change
// cannot share a group any more: raise layoutHere (transport/auth.h) with it, and docs/upgrading.md says so.
#include <doctest/doctest.h>

#include "core/configuration.h"
#include "core/digest.h"
#include "core/record.h"
#include "core/snapshot.h"
#include "transport/auth.h"
#include "transport/stream.h"

using namespace gaia;

TEST_CASE("layout 3: the registered memory") {
  CHECK(layoutHere == 3);
  CHECK(sizeof(Control) == 168);
  CHECK(sizeof(RingHead) == 64);
  CHECK(sizeof(Directory) == 744);
  CHECK(ringsOffset == 4096);
  CHECK(Region::outputOffset(65536, Durability::memory) == 4096 + 9 * 65536);
  CHECK(Region::outputOffset(65536, Durability::disk) == 4096 + 18 * 65536);
  CHECK(Region::outputBytes(65536) == 4096);
}

TEST_CASE("layout 3: records, digests, pieces and frames") {
  std::array<std::byte, sizeof(RecordHeader)> bytes{};
  RecordHeader header;
  header.ballot = header.origin = makeBallot(1, 2, 3);
  header.index = 4;
  sealRecord(bytes.data(), header);
  std::memcpy(&header, bytes.data(), sizeof(header));
  CHECK(header.crc == 1775034995);
  DigestChain chain;
  chain.extend(1, 2, 3);
  CHECK(chain.last().chain == 13147044849592564659u);
  Configuration configuration;
  configuration.members = {{0, 1, "a", 2, 3}, {1, 2, "b", 2, 3}};
  CHECK(configuration.encode().size() == 2 * 80 + 9 * 4);
  CHECK(sizeof(PieceHeader) == 32);
  CHECK(sizeof(FrameHeader) == 24);
}
