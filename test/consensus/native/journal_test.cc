// A journal that goes on from a snapshot: which of the files of former lives lead up to the present state.
#include "runtime/journal.h"

#include <doctest/doctest.h>

#include <filesystem>

#include "group.h"

using namespace gaia;
using namespace gaia::test;

namespace {

constexpr std::uint64_t bytesMax = 1ull << 30;

void append(Journal& journal, Index from, Index to) {
  for (Index index = from; index <= to; index++) {
    std::vector<std::byte> bytes(recordBytes(100), std::byte('x'));
    RecordHeader header;
    header.position = index * 256;
    header.ballot = header.origin = makeBallot(1, 1, 0);
    header.index = index;
    header.length = 100;
    header.kind = 1;
    sealRecord(bytes.data(), header);
    journal.append({header, bytes.data()});
  }
}

// Files of entries 1 to 5 and, after a snapshot of entry 10 was restored, 11 to 15: the process ended before
// the first file was removed.
class LeftBehind {
 public:
  LeftBehind() {
    {
      Journal journal(directory.path(), 1, bytesMax);
      REQUIRE(journal.open());
      append(journal, 1, 5);
    }
    const std::string first = directory.path() + "/1-0.journal", aside = directory.path() + "/aside";
    std::filesystem::copy(first, aside);
    {
      Journal journal(directory.path(), 1, bytesMax);
      REQUIRE(journal.recover(5, {}));
      journal.restart(10);
      append(journal, 11, 15);
    }
    REQUIRE_FALSE(std::filesystem::exists(first));
    std::filesystem::rename(aside, first);
  }

  TemporaryDirectory directory;
};

struct Outcome {
  bool good;
  Index first, last;
  Ballot origin;
  std::string error;
};

Outcome recover(const std::string& directory, Index onDisk, Done base) {
  Journal journal(directory, 1, bytesMax);
  const bool good = journal.recover(onDisk, base);
  return {good, journal.first(), journal.last(), journal.done().origin, journal.error()};
}

}  // namespace

TEST_CASE("journal: entries missing before a snapshot are passed over, with the files before them") {
  const LeftBehind files;
  const Outcome outcome = recover(files.directory.path(), 15, {10, makeBallot(1, 1, 0)});
  CHECK_MESSAGE(outcome.good, outcome.error);
  CHECK(outcome.first == 11);
  CHECK(outcome.last == 15);
  CHECK_FALSE(std::filesystem::exists(files.directory.path() + "/1-0.journal"));
}

TEST_CASE("journal: entries missing without a snapshot, or behind it, are refused") {
  CHECK(recover(LeftBehind().directory.path(), 15, {}).error.find("is damaged at offset") != std::string::npos);
  CHECK_FALSE(recover(LeftBehind().directory.path(), 15, {7, 0}).good);
  const LeftBehind files;
  std::filesystem::remove(files.directory.path() + "/1-0.journal");
  const Outcome late = recover(files.directory.path(), 15, {});
  CHECK_FALSE(late.good);
  CHECK(late.error.find("1-1.journal begins with entry 11, and no snapshot") != std::string::npos);
}

TEST_CASE("journal: one that ends before the snapshot begins anew after it") {
  const LeftBehind files;
  const Ballot origin = makeBallot(3, 2, 1);
  const Outcome outcome = recover(files.directory.path(), 5, {20, origin});
  CHECK_MESSAGE(outcome.good, outcome.error);
  CHECK(outcome.first == 21);
  CHECK(outcome.last == 20);
  CHECK(outcome.origin == origin);
  Journal journal(files.directory.path(), 1, bytesMax);
  REQUIRE(journal.recover(20, {20, origin}));
  append(journal, 21, 23);
  CHECK(journal.last() == 23);
}

TEST_CASE("journal: files that were given back are not synchronised any more, those that are left are") {
  TemporaryDirectory directory;
  Journal journal(directory.path(), 1, bytesMax);
  REQUIRE(journal.open());
  std::vector<std::byte> bytes(recordBytes(1u << 20), std::byte('x'));
  for (Index index = 1; index <= 80; index++) {
    RecordHeader header;
    header.position = index << 21;
    header.ballot = header.origin = makeBallot(1, 1, 0);
    header.index = index;
    header.length = 1u << 20;
    header.kind = 1;
    sealRecord(bytes.data(), header);
    journal.append({header, bytes.data()});
    journal.prepare();
    Index kept = 0;
    if (index % 20 != 0) continue;
    REQUIRE(journal.sync(&kept));
    CHECK(kept == index);
    journal.dropBelow(index - 5, 0);
  }
  CHECK(journal.first() > 40);
  CHECK(journal.error().empty());
}
