// The ends of the relay with real sockets: who may be the other end, and what is done with strangers.
#include <doctest/doctest.h>

#include <list>

#include "relay_guests.h"
#include "relay_rig.h"
#include "temporary_directory.h"
#include "vm/relay/ends.h"
#include "vm/relay/guest_socket.h"
#include "vm_disks.h"

using namespace gaia;
using namespace gaia::relay;
using namespace gaia::relay::testing;

namespace {

constexpr std::uint64_t limitNs = 10'000'000'000;

struct Rig {
  explicit Rig(std::uint8_t primarysSecret = 1, SharedDisk* primaryDisk = nullptr,
               SharedDisk* backupDisk = nullptr, std::size_t pages = 8)
      : authenticator("/vm", {1}),
        other("/vm", {primarysSecret}),
        layout{{{"ram", pages}}},
        live(layout.ram()),
        backup(
            authenticator, {2, 1}, {{"ram", live[0]}},
            [this](std::uint64_t round, bool) { received = round; }, backupDisk),
        primary(
            std::in_place, other, Ends{1, 2}, 0, [](std::uint64_t) {},
            [this](const Round& round) { counted = round.number; }, primaryDisk) {
    std::string error;
    incoming = listenAt(directory.path() + "/in", &error);
    REQUIRE(backup.open(directory.path() + "/in", "127.0.0.1", 0, &error));
    REQUIRE(error == "");
  }
  ~Rig() { sys::close(incoming); }

  void dial() {
    std::string error;
    REQUIRE(primary->open(directory.path() + "/out", "127.0.0.1", backup.port(), &error));
  }
  // Serves both ends until `done`, or fails.
  template <class Done>
  bool until(Done done) {
    for (const auto end = sys::nowNs() + limitNs; !done(); sys::sleepNs(100'000)) {
      if (sys::nowNs() > end) return false;
      if (primary) primary->serve(sys::nowNs());
      backup.serve(sys::nowNs());
    }
    return true;
  }
  // What the secondary has got of a seed that the primary writes.
  Bytes seedThrough(const Bytes& seed) {
    std::string error;
    Stream guest(connectTo(directory.path() + "/out", &error)), secondary;
    guest.put(seed);
    CHECK(until([&] {
      guest.flush();
      if (secondary.descriptor() < 0) {
        if (const int descriptor = sys::accept(incoming); descriptor >= 0) secondary.open(descriptor);
      } else {
        secondary.receive();
      }
      return secondary.available() >= seed.size();
    }));
    const auto got = secondary.input();
    return {got.begin(), got.end()};
  }

  test::TemporaryDirectory directory;
  Authenticator authenticator, other;
  Layout layout;
  Ram live;
  int incoming = -1;
  std::uint64_t received = 0, counted = 0;  // the last round at the backup, at the primary
  BackupEnd backup;
  std::optional<PrimaryEnd> primary;
  PrimaryEnd& primaryEnd() { return *primary; }
};

// The first round after a seed, that the secondary has got all of and said nothing of.
struct RoundOnItsWay : Seeded<Rig> {
  explicit RoundOnItsWay(Rig& rig) : Seeded(rig) { REQUIRE(passes(round(9), guest, secondary)); }
};

}  // namespace

TEST_CASE("relay ends: a seed goes through, byte for byte, and the guest's end ends both") {
  Rig rig;
  rig.dial();
  Ram ram = rig.layout.ram();
  ram[0][5000] = std::byte{1};
  const Bytes seed = Writer(rig.layout).seed(ram);
  CHECK(rig.seedThrough(seed) == seed);
  CHECK(rig.until([&] { return !rig.primary->failure().empty() && !rig.backup.failure().empty(); }));
  CHECK(rig.primary->failure().find("QEMU has ended the migration") != std::string::npos);
}

TEST_CASE(
    "relay ends: a secondary that reads nothing for longer than a silent host may be silent is waited for") {
  constexpr std::size_t pages = 8192;  // more than all sockets and buffers between the two hold
  constexpr std::uint64_t pauseNs = 5'000'000'000;
  Rig rig(1, nullptr, nullptr, pages);
  rig.dial();
  Ram ram = rig.layout.ram();
  sys::randomBytes(ram[0]);  // does not compress
  const Bytes seed = Writer(rig.layout).seed(ram);
  std::string error;
  Stream guest(connectTo(rig.directory.path() + "/out", &error)), secondary;
  guest.put(seed);
  const std::uint64_t startNs = sys::nowNs();
  CHECK(rig.until([&] {
    guest.flush();
    if (const int descriptor = sys::accept(rig.incoming); descriptor >= 0) secondary.open(descriptor);
    return sys::nowNs() - startNs > pauseNs;
  }));
  CHECK(guest.wantsToSend());
  CHECK(rig.primary->failure() == "");
  CHECK(rig.until([&] {
    guest.flush();
    secondary.receive();
    return secondary.available() >= seed.size();
  }));
}

TEST_CASE(
    "relay ends: a round counts that the secondary has said to have, although the session ends before that "
    "is heard") {
  Rig rig;
  RoundOnItsWay way(rig);
  way.secondary.put(Writer::message(Message::received));
  way.secondary.flush();
  rig.backup.end("by order");
  CHECK(rig.received == 1);
  way.secondary.put(Writer::message(Message::loaded));
  way.secondary.flush();
  CHECK(way.secondary.broken());
}

TEST_CASE(
    "relay ends: a round that counts at the primary counts at the backup, although the primary is lost") {
  Rig rig;
  RoundOnItsWay way(rig);
  CHECK(rig.until([&] { return rig.counted == 1; }));
  CHECK(rig.backup.owesRound());
  CHECK(rig.primary->progress().ends_with(
      "0 pages wait for the backup's word; not heard yet: that the backup has loaded it"));
  CHECK(rig.backup.progress().starts_with(
      "round 1: the secondary has not said that it has the whole round; 0 b"));
  way.guest.close();
  CHECK(rig.until([&] { return !rig.primary->failure().empty(); }));
  for (int i = 0; i < 100; i++) rig.backup.serve(sys::nowNs());
  CHECK(rig.backup.failure() == "");
  CHECK(rig.received == 0);
  way.secondary.put(Writer::message(Message::received));
  CHECK(rig.until([&] {
    way.secondary.flush();
    return !rig.backup.failure().empty();
  }));
  CHECK(rig.received == 1);
  CHECK_FALSE(rig.backup.owesRound());
}

TEST_CASE("relay ends: a secondary that hangs is given up, whether the primary is lost in the seed or not") {
  constexpr std::size_t pages = 8192;  // more than all sockets and buffers between the two hold
  constexpr std::uint64_t secondNs = 1'000'000'000;
  for (const bool lost : {false, true}) {
    Rig rig(1, nullptr, nullptr, pages);
    rig.dial();
    Ram ram = rig.layout.ram();
    sys::randomBytes(ram[0]);
    std::string error;
    Stream guest(connectTo(rig.directory.path() + "/out", &error)), secondary;
    guest.put(Writer(rig.layout).seed(ram));
    std::size_t before = 0;
    REQUIRE(rig.until([&] {  // until no more goes anywhere
      if (secondary.descriptor() < 0) secondary.open(sys::accept(rig.incoming));
      guest.flush();
      sys::sleepNs(10'000'000);
      return secondary.descriptor() >= 0 && std::exchange(before, guest.bytesToSend()) == guest.bytesToSend();
    }));
    REQUIRE(guest.wantsToSend());
    if (lost) rig.primary.reset();
    const auto take = [&](std::uint64_t atNs) {
      secondary.receive();
      for (int i = 0; i < 20; i++) {  // that there is room again is told a moment later
        rig.backup.serve(atNs);
        sys::sleepNs(10'000'000);
      }
    };
    std::uint64_t nowNs = sys::nowNs();
    for (int i = 0; i < 2; i++) {
      take(nowNs);
      rig.backup.serve(nowNs += 14 * secondNs);
      CHECK(rig.backup.failure() == "");
    }
    rig.backup.serve(nowNs + 2 * secondNs);
    CHECK(rig.backup.failure() == "the secondary's QEMU has taken nothing for 15 s");
    CHECK(rig.until([&] { return lost || !rig.primary->failure().empty(); }));
  }
}

TEST_CASE(
    "relay ends: a secondary that hangs is waited for longer while it is owed a round, and then fails it") {
  constexpr std::uint64_t secondNs = 1'000'000'000;
  for (const std::size_t stateBytes : {9u, 1u << 20}) {  // it has read all of it, or not
    Rig rig;
    Seeded seeded(rig);
    seeded.guest.put(seeded.round(stateBytes));
    CHECK(rig.until([&] {
      seeded.guest.flush();
      return rig.counted == 1;
    }));
    CHECK(rig.backup.progress().ends_with("; 0 bytes wait for QEMU") == (stateBytes == 9));
    const std::uint64_t nowNs = sys::nowNs();
    rig.backup.serve(nowNs + 29 * secondNs);
    CHECK(rig.backup.failure() == "");
    rig.backup.serve(nowNs + 60 * secondNs);
    CHECK(rig.backup.failure() == "the secondary's QEMU has taken nothing for 30 s");
    CHECK(rig.backup.failsRound());
  }
}

TEST_CASE("relay ends: a new backup gets the disk before any QEMU is there") {
  Disk from(300 * pageBytes), to(300 * pageBytes);
  REQUIRE(from.disk.lead());
  for (std::uint64_t block = 0; block < 200; block++) {
    Block content;
    content.fill(static_cast<std::byte>(block % 7));
    REQUIRE(from.disk.write(block * pageBytes, content));
  }
  Rig rig(1, &from.disk, &to.disk);
  rig.dial();
  CHECK_FALSE(rig.primary->copied());
  CHECK(rig.until([&] { return rig.primary->copied(); }));
  CHECK(to.content() == from.content());
}

TEST_CASE("relay ends: another secret is refused by both, and no byte of a guest passes") {
  Rig rig(2);
  rig.dial();
  CHECK(rig.until([&] { return !rig.primary->failure().empty(); }));
  CHECK(rig.primary->failure().find("it has another secret") != std::string::npos);
  CHECK(rig.backup.failure() == "");
  CHECK(sys::accept(rig.incoming) == -1);
}

TEST_CASE(
    "relay ends: a caller that does not prove the secret gets nothing through, whatever it sends next") {
  Rig rig;
  Stream caller(sys::connectTcp("127.0.0.1", rig.backup.port()));
  Hello hello{.magic = Link::magic, .fromNumber = 1, .toNumber = 2};
  caller.putMessage(hello);
  Challenge challenge;
  CHECK(rig.until([&] {
    caller.flush();
    caller.receive();
    return caller.take(&challenge);
  }));
  caller.putMessage(Proof{challenge.proof});
  Bytes frame;
  appendFrame(frame, Kind::seed, Writer(rig.layout).seed(rig.layout.ram()));
  caller.put(frame);
  CHECK(rig.until([&] {
    caller.flush();
    caller.receive();
    return caller.broken();
  }));
  CHECK(sys::accept(rig.incoming) == -1);
}

TEST_CASE("relay ends: strangers, silent or loud, do not keep the primary's relay away") {
  Rig rig;
  std::list<Stream> strangers;
  for (int i = 0; i < 20; i++) {
    auto& stranger = strangers.emplace_back(sys::connectTcp("127.0.0.1", rig.backup.port()));
    if (i % 2 == 0) stranger.put(Bytes(100'000, static_cast<std::byte>(i)));
    stranger.flush();
    rig.backup.serve(sys::nowNs());
  }
  rig.dial();
  const Bytes seed = Writer(rig.layout).seed(rig.layout.ram());
  CHECK(rig.seedThrough(seed) == seed);
}

TEST_CASE("relay ends: what QEMU writes that is no migration ends the session with the reason") {
  Rig rig;
  rig.dial();
  std::string error;
  Stream guest(connectTo(rig.directory.path() + "/out", &error));
  guest.put(Bytes(100, std::byte{'x'}));
  CHECK(rig.until([&] {
    guest.flush();
    return !rig.primary->failure().empty();
  }));
  CHECK(rig.primary->failure().find("begins with 0x78787878") != std::string::npos);
  CHECK(rig.until([&] { return !rig.backup.failure().empty(); }));
}
