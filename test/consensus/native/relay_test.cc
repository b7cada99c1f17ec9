// The relay of a replicated guest's migration stream, between a pretended primary and a pretended secondary.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "relay_guests.h"
#include "vm_disks.h"

using namespace gaia::relay;
using namespace gaia::relay::testing;

namespace {

std::uint64_t seedOfRun() {
  const char* const text = std::getenv("GAIA_SEED");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : 20261126;
}

constexpr std::array<std::byte, 32> key{std::byte{7}};

// A primary, both relays and a secondary, all bytes cut at random.
struct Session {
  explicit Session(std::uint64_t seed, bool withDisk = false)
      : random(seed),
        layout{{{"ram", 300}, {"rom", 20}}},
        primaryRam(layout.ram()),
        backupRam(layout.ram()),
        writer(layout),
        hasDisk(withDisk),
        primaryDisk(150 * pageBytes),
        backupDisk(150 * pageBytes),
        primary(key, 0, withDisk ? lead(primaryDisk.disk) : nullptr),
        backup(key, {{"ram", backupRam[0]}}, withDisk ? &backupDisk.disk : nullptr),
        secondary(layout, backupRam) {}

  // With something on it that a new backup lacks.
  SharedDisk* lead(SharedDisk& disk) {
    CHECK(disk.lead());
    for (int i = 0; i < 100; i++) writeDisk(disk, random());
    return &disk;
  }
  // Seldom whole blocks; what is written follows from `seed`.
  void writeDisk(SharedDisk& disk, std::uint64_t seed) {
    std::mt19937_64 own(seed);
    const std::uint64_t offset = own() % (disk.bytes() - 2 * pageBytes);
    const Bytes content(own() % (2 * pageBytes), static_cast<std::byte>(own() % 4));
    CHECK(disk.write(offset, content));
  }
  // Both guests, and one alone.
  void writeDisks() {
    for (int i = 0; i < 30; i++) {
      const auto both = random(), kind = below(6);
      if (kind != 0) writeDisk(primaryDisk.disk, kind == 1 ? random() : both);
      if (kind != 2) writeDisk(backupDisk.disk, both);
    }
  }
  std::uint64_t below(std::uint64_t bound) { return random() % bound; }

  // Sends the bytes through both relays in pieces, in whatever order things get done.
  void run(const Bytes& stream) {
    append(fromPrimary, stream);
    bool moved = true;
    while (moved && failure().empty()) {
      moved = false;
      if (seeding && below(4) == 0) writeDisk(primaryDisk.disk, random());
      const std::size_t part = std::min<std::size_t>(fromPrimary.size(), 1 + below(9000));
      const std::size_t taken =
          primary.full() ? 0
                         : primary.fromGuest(
                               std::span(fromPrimary)
                                   .first(std::max(part, std::min<std::size_t>(fromPrimary.size(), 5000))));
      fromPrimary.erase(fromPrimary.begin(), fromPrimary.begin() + static_cast<std::ptrdiff_t>(taken));
      if (const auto round = primary.takeCopied(++now)) copied = *round;
      moved |= taken > 0;
      moved |= deliver(primary.toBackup(), toBackup,
                       [this](const FrameView& frame) { backup.fromPrimary(frame); });
      secondary.take(backup.toGuest());
      moved |= deliver(backup.toPrimary(), toPrimary, [this](const FrameView& frame) { hear(frame); });
    }
  }
  void hear(const FrameView& frame) {
    if (holding && frame.kind == Kind::wants)
      appendFrame(held, frame.kind, frame.payload);
    else
      primary.fromBackup(frame, ++now);
  }
  void release() {
    holding = false;
    append(toPrimary, std::exchange(held, {}));
    run({});
  }
  template <class Take>
  bool deliver(Bytes& from, Bytes& wire, Take take) {
    append(wire, from);
    from.clear();
    bool malformed = false;
    const auto frame =
        firstFrame(std::span(wire).first(below(3) == 0 ? below(wire.size() + 1) : wire.size()), &malformed);
    REQUIRE_FALSE(malformed);
    if (!frame) return !wire.empty();
    take(*frame);
    wire.erase(wire.begin(),
               wire.begin() + static_cast<std::ptrdiff_t>(frameHeadBytes + frame->payload.size()));
    return true;
  }
  void say(Message message) {
    CHECK(backup.fromGuest(Writer::message(message)) == 4);
    run({});
  }
  const std::string& failure() const {
    return !primary.failure().empty()  ? primary.failure()
           : !backup.failure().empty() ? backup.failure()
                                       : secondary.failure();
  }
  void start() {
    for (auto& block : primaryRam)
      for (std::size_t at = 0; at < block.size() * 3 / 4; at++) block[at] = static_cast<std::byte>(random());
    seeding = hasDisk;
    run(writer.seed(primaryRam));
    seeding = false;
    secondary.ready();
    say(Message::ready);
    REQUIRE(failure() == "");
    CHECK(backupRam == primaryRam);
    CHECK(std::exchange(primary.toGuest(), {}) == Writer::message(Message::ready));
  }
  // Writes as a guest does: often both the same, often nearly, sometimes zeros, sometimes what was there
  // before.
  void writeBoth(std::vector<std::set<std::uint64_t>>& dirty) {
    for (int i = 0; i < 120; i++) {
      const auto block = static_cast<std::uint32_t>(below(8) == 0);
      const auto number = below(layout.blocks[block].pages);
      const auto at = number * pageBytes + below(pageBytes - 64);
      const bool zero = below(10) == 0;
      const auto put = [&](Ram& ram, bool noise) {
        auto* const place = ram[block].data() + (zero ? number * pageBytes : at);
        std::fill_n(place, zero ? pageBytes : 40,
                    zero ? std::byte{0} : static_cast<std::byte>(noise ? random() : i));
      };
      const auto kind = below(6);
      if (kind != 0) put(primaryRam, kind == 1), dirty[block].insert(number);
      // One that sleeps runs for an instant between two rounds.
      if (kind != 2 && (!asleep || below(10) < alert)) put(backupRam, false), secondary.write(block, number);
    }
  }
  Round round(bool sleeps = false) {
    std::vector<std::set<std::uint64_t>> dirty(layout.blocks.size());
    writeBoth(dirty);
    if (hasDisk && rounds > 0) writeDisks();  // a backup's guest runs after the first
    std::vector<std::vector<std::uint64_t>> pages;
    for (const auto& block : dirty) pages.emplace_back(block.begin(), block.end());
    Bytes state(3000 + below(20));
    for (auto& byte : state) byte = static_cast<std::byte>(below(50) == 0 ? random() : 1);
    primary.nameTrigger("test");
    primary.letSleep(sleeps);
    const bool stoodStill = asleep && below(2) == 0;
    if (stoodStill) say(Message::reply);
    CHECK(primary.toGuest().empty());
    run(writer.request());
    if (!stoodStill) say(Message::reply);
    CHECK(std::exchange(primary.toGuest(), {}) == Writer::message(Message::reply));
    now++;
    run(writer.round(primaryRam, pages, state));
    CHECK(copied == rounds + 1);
    const Bytes runOn = std::exchange(primary.toGuest(), {});
    CHECK(runOn.size() == 8);
    CHECK(std::ranges::equal(std::span(runOn).last(4), Writer::message(Message::loaded)));
    const auto loaded = secondary.takeRound();
    REQUIRE(failure() == "");
    REQUIRE(loaded.has_value());
    CHECK(*loaded == state);
    const auto record = primary.takeRound();  // it counts, and the secondary has said nothing yet
    REQUIRE(record.has_value());
    CHECK(backup.owesRound());
    CHECK_FALSE(backup.takeReceived().has_value());
    say(Message::received);
    CHECK_FALSE(backup.owesRound());
    CHECK(backup.takeReceived() == ++rounds);
    CHECK(backup.sleeps() == sleeps);
    CHECK(primaryDisk.content() == backupDisk.content());
    secondary.load();
    CHECK(backupRam == primaryRam);
    const int requests = secondary.requests;
    say(Message::loaded);
    CHECK(secondary.requests == requests + (sleeps ? 1 : 0));
    asleep = sleeps;
    CHECK(primary.toGuest().empty());
    return *record;
  }

  std::mt19937_64 random;
  Layout layout;
  Ram primaryRam, backupRam;
  Writer writer;
  bool hasDisk, seeding = false;
  bool asleep = false;      // the secondary's guest
  std::uint64_t alert = 1;  // of ten writes, as it does for all that
  bool holding = false;     // what the backup wants is on its way
  Bytes held;
  Disk primaryDisk, backupDisk;
  PrimaryRelay primary;
  BackupRelay backup;
  Secondary secondary;
  Bytes fromPrimary, toBackup, toPrimary;
  std::uint64_t now = 0;
  std::uint64_t rounds = 0, copied = 0;
};

}  // namespace

TEST_CASE("relay: after every round both guests have the same memory, and little has crossed") {
  const auto seed = seedOfRun();
  INFO("GAIA_SEED=" << seed);
  Session session(seed);
  session.start();
  Round sum;
  for (std::uint64_t number = 1; number <= 60; number++) {
    const bool sleeps = session.below(3) == 0;
    const Round round = session.round(sleeps);
    CHECK(round.number == number);
    CHECK(round.sleeps == sleeps);
    CHECK(round.trigger == "test");
    CHECK(round.dirtyPages == round.unchangedPages + round.zeroPages + round.equalPages + round.sentPages);
    CHECK(round.pauseNs > 0);
    CHECK(round.coverNs > round.pauseNs);
    sum.equalPages += round.equalPages;
    sum.sentPages += round.sentPages;
    sum.zeroPages += round.zeroPages;
    sum.streamBytes += round.streamBytes;
    sum.toBackupBytes += round.toBackupBytes + round.toPrimaryBytes;
  }
  CHECK(sum.equalPages > 100);
  CHECK(sum.sentPages > 100);
  CHECK(sum.zeroPages > 100);
  CHECK(sum.streamBytes > 15 * sum.toBackupBytes);
}

TEST_CASE("relay: a backup that sleeps is told what it lacks, and need not ask") {
  const auto seed = seedOfRun();
  INFO("GAIA_SEED=" << seed);
  Session session(seed);
  session.alert = 0;
  session.start();
  session.round(true);
  Round sum;
  for (int i = 0; i < 20; i++) {
    const Round round = session.round(true);
    sum.sentPages += round.sentPages;
    sum.againPages += round.againPages;
    sum.toPrimaryBytes += round.toPrimaryBytes;
  }
  CHECK(sum.sentPages > 500);
  CHECK(sum.toPrimaryBytes < 10 * sum.sentPages);  // a hint takes 128 bytes
  CHECK(sum.againPages < sum.sentPages / 5);       // of the block that is not mapped
}

TEST_CASE("relay: after every round both guests have the same disk, and what both wrote has not crossed") {
  const auto seed = seedOfRun();
  INFO("GAIA_SEED=" << seed);
  Session session(seed, true);
  session.start();
  session.round();
  Round sum;
  for (int i = 0; i < 40; i++) {
    const Round round = session.round();
    sum.equalPages += round.equalPages;
    sum.toBackupBytes += round.toBackupBytes;
    sum.dirtyPages += round.dirtyPages;
  }
  CHECK(sum.equalPages > 1000);
  CHECK(sum.dirtyPages * pageBytes > 20 * sum.toBackupBytes);
}

TEST_CASE("relay: a block of the seed that is still on its way does not come over what was written since") {
  Session session(seedOfRun(), true);
  session.holding = true;
  session.start();
  CHECK(session.primaryDisk.disk.write(0, Bytes(session.primaryDisk.disk.bytes())));
  session.run(session.writer.request());
  session.say(Message::reply);
  session.run(session.writer.round(session.primaryRam, {{}, {}}, Bytes(10, std::byte{1})));
  CHECK_FALSE(session.held.empty());
  session.release();
  REQUIRE(session.secondary.takeRound().has_value());
  session.say(Message::received);
  CHECK(session.primaryDisk.content() == session.backupDisk.content());
}

TEST_CASE("relay: what is not whole is not handed on") {
  Session session(seedOfRun());
  session.start();
  session.round();
  session.run(session.writer.request());
  session.say(Message::reply);
  const Bytes state(100, std::byte{1});
  session.primaryRam[0][0] ^= std::byte{1};
  Bytes cut = session.writer.round(session.primaryRam, {{0, 1, 2}, {}}, state);
  cut.pop_back();
  session.run(cut);
  CHECK(session.failure() == "");
  CHECK(session.backup.gathers());
  CHECK_FALSE(session.secondary.takeRound().has_value());
  CHECK_FALSE(session.primary.takeRound().has_value());
  session.run({std::byte{1}});
  CHECK(session.primary.takeRound().has_value());
  CHECK(session.secondary.takeRound().has_value());
}

TEST_CASE("relay: a page goes whole when its pieces do not make what its hash says") {
  Session session(seedOfRun());
  session.start();
  session.run(session.writer.request());
  session.say(Message::reply);
  auto* const page = session.primaryRam[0].data();
  page[5] ^= std::byte{1};
  append(session.fromPrimary, session.writer.round(session.primaryRam, {{0}, {}}, Bytes(10, std::byte{1})));
  REQUIRE(session.primary.fromGuest(session.fromPrimary) == session.fromPrimary.size());
  session.fromPrimary.clear();
  bool malformed = false;
  // The hint of the piece that differs is forged to look equal.
  Bytes frames = std::exchange(session.primary.toBackup(), {});
  for (auto frame = firstFrame(frames, &malformed); frame; frame = firstFrame(frames, &malformed)) {
    session.backup.fromPrimary(*frame);
    frames.erase(frames.begin(),
                 frames.begin() + static_cast<std::ptrdiff_t>(frameHeadBytes + frame->payload.size()));
  }
  const auto said = firstFrame(session.backup.toPrimary(), &malformed);
  REQUIRE(said.has_value());
  Decompressor decompressor;
  auto wants = Wants::decode(*decompressor.decompress(said->payload));
  REQUIRE(wants.has_value());
  wants->pieces[0] = PageHasher::pieces({page, pageBytes});
  session.backup.toPrimary().clear();
  Compressor compressor;  // its stream's first part, as what it stands for was
  appendFrame(session.backup.toPrimary(), Kind::wants, compressor.compress(wants->encode()));
  session.run({});
  CHECK(session.failure() == "");
  CHECK(session.secondary.takeRound().has_value());
  session.say(Message::received);
  session.secondary.load();
  CHECK(session.backupRam == session.primaryRam);
  session.say(Message::loaded);
  CHECK(session.primary.takeRound()->againPages == 1);
}

TEST_CASE("relay: rounds that are not COLO's are refused") {
  const auto refusal = [](const Bytes& bytes) {
    Session session(1);
    session.start();
    session.run(bytes);
    return session.primary.failure();
  };
  const Bytes request = Writer::message(Message::request);
  CHECK(refusal(Writer::message(Message::send)).find("COLO message 3 instead of 1") != std::string::npos);
  const auto afterSend = [&](std::initializer_list<int> more) {
    Bytes bytes = request;
    append(bytes, Writer::message(Message::send));
    for (const int byte : more) bytes.push_back(static_cast<std::byte>(byte));
    return refusal(bytes);
  };
  CHECK(afterSend({2, 0, 0, 0, 3}).find("not with the RAM") != std::string::npos);
  CHECK(afterSend({3, 0, 0, 0, 3, 0, 0, 0, 0, 0x7F, 0, 0, 0x28}).find("a page before") == std::string::npos);
  CHECK(afterSend({3, 0, 0, 0, 3, 0, 0, 0, 0, 0x7F, 0, 0, 0x22, 0}).find("lies beyond") != std::string::npos);
  CHECK(afterSend({3, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0x22, 9}).find("filled with 0x9") !=
        std::string::npos);
  CHECK(afterSend({3, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0x02, 1, 'x', 0}).find("was not announced") !=
        std::string::npos);
  CHECK(afterSend({3, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0x10, 0x7E, 0, 0, 0, 3, 1}).find("only RAM") !=
        std::string::npos);
  CHECK(afterSend({3, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0x10, 0x7E, 0, 0,
                   0, 3, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0,    0,    0})
            .find("device state of") != std::string::npos);
}

TEST_CASE("relay: damaged frames of an authentic peer are refused, and read nothing beyond them") {
  const auto seed = seedOfRun();
  INFO("GAIA_SEED=" << seed);
  std::mt19937_64 random(seed);
  int refused = 0;
  for (int run = 0; run < 300; run++) {
    Session session(seed);
    if (run == 0) session.start();
    Bytes junk(random() % 200);
    for (auto& byte : junk) byte = static_cast<std::byte>(random() % 4 == 0 ? random() : 0);
    const FrameView frame{static_cast<Kind>(1 + random() % 9), junk};
    Session& other = session;
    other.backup.fromPrimary(frame);
    other.primary.fromBackup(frame, 1);
    refused += !other.backup.failure().empty() && !other.primary.failure().empty();
  }
  CHECK(refused > 250);
  bool malformed = false;
  CHECK_FALSE(firstFrame(Bytes(5, std::byte{0xFF}), &malformed).has_value());
  CHECK(malformed);
}
