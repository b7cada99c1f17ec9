// The write-ahead log: what is torn is cut off, what is damaged or missing is refused, what was kept is
// there.
#include "runtime/wal.h"

#include <doctest/doctest.h>

#include <cstdlib>

#include "forgetful_files.h"

using namespace gaia;
using namespace gaia::test;

namespace {

constexpr std::uint32_t self = 7;
const std::string directory = "/data";

std::vector<std::byte> record(Index index, Position position, std::size_t length = 100) {
  std::vector<std::byte> bytes(recordBytes(length), std::byte('x'));
  RecordHeader header;
  header.position = position;
  header.ballot = makeBallot(1, self, 0);
  header.origin = header.prevOrigin = header.ballot;
  header.index = index;
  header.length = static_cast<std::uint32_t>(length);
  header.kind = 1;
  sealRecord(bytes.data(), header);
  return bytes;
}

WalOptions options(std::size_t segmentBytes = 64u << 10) { return {directory, self, 99, segmentBytes}; }

std::vector<Index> indicesOf(const PersistedLog& log) {
  std::vector<Index> indices;
  CHECK(eachRecord(log.records, [&](const Record& record) { indices.push_back(record.header.index); }));
  std::sort(indices.begin(), indices.end());
  return indices;
}

std::vector<Index> upTo(Index last) {
  std::vector<Index> indices(last);
  for (Index i = 0; i < last; i++) indices[i] = i + 1;
  return indices;
}

// Entries `from` to `to`, one a frame; what append() said of the last.
Wal::Outcome write(Wal& wal, Index from, Index to, WalState state = {}) {
  Wal::Outcome outcome = Wal::Outcome::kept;
  for (Index i = from; i <= to && outcome == Wal::Outcome::kept; i++)
    outcome = wal.append(record(i, i * 256), state);
  return outcome;
}

struct Reading {
  bool good;
  std::string error;
  PersistedLog log;
  WalState state;
};

Reading read(ForgetfulFiles& files, std::size_t segmentBytes = 64u << 10) {
  Wal wal(files, options(segmentBytes));
  Reading reading;
  reading.good = wal.read(&reading.log, &reading.state);
  reading.error = wal.error();
  return reading;
}

constexpr std::size_t frameBytes = 64 + 192;  // of write() above

}  // namespace

TEST_CASE("wal: what was kept is read back, with the state of the last frame") {
  ForgetfulFiles files;
  Wal wal(files, options());
  CHECK(write(wal, 1, 10, {makeBallot(3, 2, 1), 4096, 5}) == Wal::Outcome::kept);
  const Reading reading = read(files);
  REQUIRE(reading.good);
  CHECK(indicesOf(reading.log) == upTo(10));
  CHECK(reading.log.promise == makeBallot(3, 2, 1));
  CHECK(reading.log.ringEnd == 4096);
  CHECK(reading.state.journal == 5);
}

TEST_CASE("wal: a torn last frame is cut off, whichever of its sectors are missing") {
  constexpr std::size_t sectorBytes = 512;
  ForgetfulFiles files;
  Wal wal(files, options());
  write(wal, 1, 3);
  const std::size_t begin = 3 * frameBytes;  // in the middle of a sector
  const std::vector<std::byte> large = record(4, 4 * 256, 2000);
  REQUIRE(wal.append(large, {}) == Wal::Outcome::kept);
  const std::size_t end = begin + 64 + large.size(), first = begin / sectorBytes;
  const std::size_t sectors = (end + sectorBytes - 1) / sectorBytes - first;
  auto& bytes = files.contents("/data/7-1.wal");
  const auto whole = bytes;
  for (unsigned missing = 1; missing < 1u << sectors; missing++) {
    CAPTURE(missing);
    bytes = whole;
    for (std::size_t i = 0; i < sectors; i++) {
      if ((missing >> i & 1) == 0) continue;
      const std::size_t from = std::max(begin, (first + i) * sectorBytes), to = std::min(end, (first + i + 1) * sectorBytes);
      std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(from), to - from, std::byte{0});
    }
    REQUIRE(read(files).good);
    CHECK(indicesOf(read(files).log) == upTo(3));
  }
}

TEST_CASE("wal: a damaged last frame was kept, so it is refused, also if it is the only one") {
  for (const Index frames : {1u, 4u}) {
    ForgetfulFiles files;
    Wal wal(files, options());
    write(wal, 1, frames, {makeBallot(3, 2, 1), 4096, 0});
    auto& bytes = files.contents("/data/7-1.wal");
    const std::size_t begin = (frames - 1) * frameBytes;
    for (std::size_t at = begin; at < begin + frameBytes; at++) {
      for (const unsigned bit : {0x01u, 0x10u, 0x80u}) {
        CAPTURE(at);
        bytes[at] ^= std::byte(bit);
        const Reading reading = read(files);
        CHECK_FALSE(reading.good);
        CHECK(reading.error.find("7-1.wal is damaged at offset " + std::to_string(begin)) != std::string::npos);
        bytes[at] ^= std::byte(bit);
      }
    }
    CHECK(indicesOf(read(files).log) == upTo(frames));
  }
}

TEST_CASE("wal: damage before a whole frame is refused, with file and offset") {
  ForgetfulFiles files;
  Wal wal(files, options());
  write(wal, 1, 4);
  auto& bytes = files.contents("/data/7-1.wal");
  for (std::size_t at = 0; at < 3 * frameBytes; at += 7) {
    bytes[at] ^= std::byte{0x10};
    const Reading reading = read(files);
    CHECK_FALSE(reading.good);
    const std::string place =
        "/data/7-1.wal is damaged at offset " + std::to_string(at / frameBytes * frameBytes);
    CHECK(reading.error.find(place) != std::string::npos);
    CHECK(reading.error.find("new member") != std::string::npos);
    bytes[at] ^= std::byte{0x10};
  }
  CHECK(read(files).good);
}

TEST_CASE("wal: segments follow each other; a missing or cut one is refused") {
  ForgetfulFiles files;
  Wal wal(files, options(1024));  // three frames a segment
  write(wal, 1, 20);
  CHECK(indicesOf(read(files).log) == upTo(20));
  auto& third = files.contents("/data/7-3.wal");
  third[2 * frameBytes + 70] ^= std::byte{1};  // in the last frame of a segment that has a successor
  CHECK_FALSE(read(files).good);
  CHECK(read(files).error.find("7-3.wal is damaged at offset 512") != std::string::npos);
  third[2 * frameBytes + 70] ^= std::byte{1};
  files.remove("/data/7-3.wal");
  const Reading reading = read(files);
  CHECK_FALSE(reading.good);
  CHECK(reading.error.find("/data/7-3.wal is missing") != std::string::npos);
}

TEST_CASE("wal: what the journal has on disk is dropped, and not missed") {
  ForgetfulFiles files;
  Wal wal(files, options(1024));
  write(wal, 1, 20);
  CHECK(files.count() == 5);
  write(wal, 21, 21, {0, 0, 17});
  CHECK(files.count() == 2);
  const Reading reading = read(files);
  REQUIRE(reading.good);
  CHECK(indicesOf(reading.log).back() == 21);
  CHECK(reading.state.journal == 17);
}

TEST_CASE("wal: a full disk is no damage; the same frame is kept when there is room") {
  ForgetfulFiles files;
  Wal wal(files, options(1024));
  files.room = 3000;
  CHECK(write(wal, 1, 10) == Wal::Outcome::noRoom);
  CHECK(wal.error().find("No space left on device") != std::string::npos);
  CHECK(indicesOf(read(files).log) == upTo(8));
  files.room = 1u << 20;
  CHECK(write(wal, 9, 10) == Wal::Outcome::kept);
  CHECK(indicesOf(read(files).log) == upTo(10));
}

TEST_CASE("wal: a failed synchronisation ends the log") {
  ForgetfulFiles files;
  Wal wal(files, options());
  CHECK(write(wal, 1, 3) == Wal::Outcome::kept);
  files.syncError = EIO;
  CHECK(write(wal, 4, 4) == Wal::Outcome::failed);
  CHECK(wal.error().find("cannot synchronise /data/7-1.wal") != std::string::npos);
}

TEST_CASE("wal: records of a client that look like frames are not taken for frames") {
  ForgetfulFiles files;
  Wal wal(files, options());
  write(wal, 1, 2);
  auto& bytes = files.contents("/data/7-1.wal");
  // A whole file of another directory at the same offsets: what a client may send that stores copies of such
  // files.
  ForgetfulFiles others;
  Wal foreign(others, {directory, self, 100, 64u << 10});
  for (Index i = 1; i <= 4; i++) foreign.append(record(i, i * 256), {});
  const auto& copy = others.contents("/data/7-1.wal");
  std::copy(copy.begin() + 3 * frameBytes, copy.begin() + 4 * frameBytes, bytes.begin() + 3 * frameBytes);
  CHECK(read(files).good);
  CHECK(indicesOf(read(files).log) == upTo(2));
}

// Lives that end in a loss of power, each starting from what the one before left: nothing kept is lost.
TEST_CASE("wal: nothing kept is lost when the power fails") {
  const char* given = std::getenv("GAIA_SEED");
  const std::uint64_t first = given == nullptr ? 1 : std::strtoull(given, nullptr, 10);
  for (std::uint64_t seed = first; seed < first + (given == nullptr ? 300 : 1); seed++) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    ForgetfulFiles files;
    Index kept = 0, journal = 0;
    for (int life = 0; life < 6; life++) {
      Wal wal(files, options(2048));
      PersistedLog log;
      WalState state;
      REQUIRE_MESSAGE(wal.read(&log, &state), wal.error());
      std::vector<Index> indices = indicesOf(log);
      CHECK(state.journal <= journal);
      for (Index i = journal + 1; i <= kept; i++)
        REQUIRE(std::binary_search(indices.begin(), indices.end(), i));
      // As a start does: what is left is written again, then former lives are dropped.
      std::vector<std::byte> again;
      eachRecord(log.records, [&](const Record& found) {
        if (found.header.index > journal && again.size() < 1500)
          again.insert(again.end(), found.bytes, found.bytes + found.whole().size());
      });
      if (random() % 8 == 0) {
        if (wal.append(again, {0, 0, journal}) == Wal::Outcome::kept) files.losePower(random);
        continue;
      }
      for (Index i = journal + 1; i <= kept; i++)
        REQUIRE(wal.append(record(i, i * 256), {0, 0, journal}) == Wal::Outcome::kept);
      wal.dropFormerLives();
      REQUIRE(wal.append({}, {0, 0, journal}) == Wal::Outcome::kept);
      for (std::uint64_t more = random() % 30; more > 0; more--) {
        if (random() % 10 == 0) journal = kept;
        REQUIRE(wal.append(record(kept + 1, (kept + 1) * 256), {0, 0, journal}) == Wal::Outcome::kept);
        kept++;
      }
      files.syncError = EIO;  // the last frame is on its way when the power fails
      if (random() % 2 == 0)
        wal.append(record(kept + 1, (kept + 1) * 256, 100 + random() % 900), {0, 0, journal});
      files.syncError = 0;
      files.losePower(random);
    }
  }
}
