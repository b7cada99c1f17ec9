// The files of a member's snapshots: the one that is kept, those that are taken and fetched, and disks that fail.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "forgetful_files.h"
#include "runtime/snapshot_stream.h"

using namespace gaia;
using namespace gaia::test;

namespace {

// Pieces of a state in which every byte is `mark`.
void write(SnapshotWriter& writer, std::size_t bytes, char mark) {
  REQUIRE(writer.write(std::vector<std::byte>(bytes, static_cast<std::byte>(mark))));
}

Manifest manifestAt(Index index) {
  Configuration configuration;
  configuration.members = {{0, 1, "127.0.0.1", 7001, 0}};
  return {{index, 1}, makeBallot(1, 1, 0), {}, configuration, "test", 0};
}

}  // namespace

TEST_CASE("snapshot store: when the power fails while one is written, the one before it or the new one is there, whole") {
  const std::uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  int former = 0;
  for (int life = 0; life < 300; life++) {
    ForgetfulFiles files;
    Index finished = 0;
    {
      auto store = std::make_shared<SnapshotStore>(files, "d", 1);
      for (Index index = 10; index <= 30; index += 10) {
        PieceWriter writer(store, manifestAt(index));
        REQUIRE(writer.begun());
        write(writer, 1 + random() % (3 * pieceBytesMax), static_cast<char>('a' + index));
        if (index == 30 && random() % 2 == 0) {
          files.losePower(random);  // in the middle of it
          break;
        }
        REQUIRE(writer.finish());
        finished = index;
      }
      if (finished == 30) files.losePower(random);
    }
    SnapshotStore store(files, "d", 1);
    const auto kept = store.openKept();
    REQUIRE_MESSAGE(kept, store.error());
    CHECK(kept->id.index == finished);
    former += finished == 20;
    PieceReader reader(store.kept(), *kept);
    std::vector<std::byte> state(kept->stateBytes);
    std::size_t read = 0;
    for (std::ptrdiff_t part; (part = reader.read(std::span(state).subspan(read))) > 0;)
      read += static_cast<std::size_t>(part);
    REQUIRE(read == state.size());
    CHECK(std::all_of(state.begin(), state.end(),
                      [&](std::byte byte) { return byte == static_cast<std::byte>('a' + finished); }));
  }
  CHECK(former > 50);
}

TEST_CASE("snapshot store: one that is finished after a newer one was fetched does not replace it") {
  ForgetfulFiles files;
  const Manifest fetched = manifestAt(20);
  auto store = std::make_shared<SnapshotStore>(files, "d", 1);
  PieceWriter late(store, manifestAt(10));
  REQUIRE(late.begun());
  write(late, 1000, 'a');
  REQUIRE(store->keepFetched(0, makePiece(fetched.id, 0, fetched.encode())));
  REQUIRE(store->adoptFetched(20));
  CHECK(late.finish());
  CHECK_FALSE(store->taking());
  CHECK(store->error().empty());
  CHECK(store->index() == 20);
  CHECK(files.count() == 1);
  SnapshotStore next(files, "d", 1);  // of the life after this one
  const auto kept = next.openKept();
  REQUIRE_MESSAGE(kept, next.error());
  CHECK(kept->id.index == 20);
  PieceWriter newer(store, manifestAt(30));
  write(newer, 1000, 'c');
  CHECK(newer.finish());
  CHECK(store->index() == 30);
}

TEST_CASE("snapshot store: one whose new name could not be synchronised is there, and not taken for kept") {
  ForgetfulFiles files;
  auto store = std::make_shared<SnapshotStore>(files, "d", 1);
  PieceWriter first(store, manifestAt(10));
  REQUIRE(first.finish());
  files.namesError = EIO;
  PieceWriter second(store, manifestAt(20));
  CHECK_FALSE(second.finish());
  CHECK(store->index() == 10);  // the journal must reach back to this one: power may fail
  CHECK(store->error().find("cannot write") != std::string::npos);
  SnapshotStore next(files, "d", 1);
  const auto kept = next.openKept();
  REQUIRE_MESSAGE(kept, next.error());
  CHECK(kept->id.index == 20);
  files.namesError = 0;
  PieceWriter third(store, manifestAt(30));
  CHECK(third.finish());
  CHECK(store->index() == 30);
  CHECK(files.count() == 1);
}
