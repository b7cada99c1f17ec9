// A primary, both relays and a secondary in one, for the tests of the relay.
#pragma once
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "relay_guests.h"
#include "vm_disks.h"

namespace gaia::relay::testing {

inline std::uint64_t seedOfRun() {
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
  // QEMU asks for a round, and one begins.
  void ask() {
    run(writer.request());
    CHECK(primary.asked());
    primary.begin("test");
    run({});
  }
  Round round(bool sleeps = false) {
    std::vector<std::set<std::uint64_t>> dirty(layout.blocks.size());
    writeBoth(dirty);
    if (hasDisk && rounds > 0) writeDisks();  // a backup's guest runs after the first
    std::vector<std::vector<std::uint64_t>> pages;
    for (const auto& block : dirty) pages.emplace_back(block.begin(), block.end());
    Bytes state(3000 + below(20));
    for (auto& byte : state) byte = static_cast<std::byte>(below(50) == 0 ? random() : 1);
    primary.letSleep(sleeps);
    const bool stoodStill = asleep && below(2) == 0;
    if (stoodStill) say(Message::reply);
    CHECK(primary.toGuest().empty());
    ask();
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

}  // namespace gaia::relay::testing
