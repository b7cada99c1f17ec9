// A round that counts at the primary and that the backup's QEMU does not load: its member ends.
#include <doctest/doctest.h>

#include <fstream>

#include "group.h"
#include "relay_rig.h"
#include "vm/synchronisation.h"

using namespace gaia;
using namespace gaia::test;
using namespace gaia::relay;
using namespace gaia::relay::testing;

namespace {

constexpr std::uint64_t limitNs = 10'000'000'000;

// A backup whose log has no primary yet, and the end of whoever will be.
struct Rig {
  Rig() {
    options.replica = group.options(2);
    options.guestSocket = directory.path() + "/guest";
    options.migrationSocket = directory.path() + "/in";
    options.memoryBlock = "ram";
    options.memoryFile = directory.path() + "/ram";
    std::ofstream(options.memoryFile) << std::string(8 * pageBytes, '\0');
    std::string error;
    plane = vm::DataPlane::start(options, &error);
    REQUIRE_MESSAGE(plane != nullptr, error);
    synchronisation.emplace(options, *plane, nullptr);
    incoming = listenAt(options.migrationSocket, &error);
    REQUIRE(synchronisation->listen() == "");
    const std::string said = synchronisation->takeLines().at(0);
    port = static_cast<std::uint16_t>(std::stoul(said.substr(said.rfind(':') + 1)));
  }
  ~Rig() {
    sys::close(incoming);
    unlink(options.guestSocket.c_str());
  }
  void dial() {
    std::string error;
    REQUIRE(primary.open(directory.path() + "/out", "127.0.0.1", port, &error));
  }
  template <class Done>
  bool until(Done done) {
    for (const auto end = sys::nowNs() + limitNs; !done(); sys::sleepNs(100'000)) {
      if (sys::nowNs() > end) return false;
      primary.serve(sys::nowNs());
      synchronisation->serve(sys::nowNs());
    }
    return true;
  }
  bool ends() {
    return eventually([&] {
      plane->serve({});
      return plane->ended();
    });
  }

  Group group{{.transport = TransportChoice::shm}, 3, 0};
  TemporaryDirectory directory;
  vm::Options options;
  Authenticator authenticator{group.options(2).group, group.options(2).secret};
  Layout layout{{{"ram", 8}}};
  int incoming = -1;
  std::uint16_t port = 0;
  std::uint64_t counted = 0;
  std::unique_ptr<vm::DataPlane> plane;
  std::optional<vm::Synchronisation> synchronisation;
  PrimaryEnd primary{authenticator, Ends{0, 2}, 0, [](std::uint64_t) {},
                     [this](const Round& round) { counted = round.number; }, nullptr};
  PrimaryEnd& primaryEnd() { return primary; }
};

}  // namespace

TEST_CASE("vm owed: a member ends whose QEMU ends, or hangs for long, while a round is owed") {
  for (const bool hangs : {false, true}) {
    Rig rig;
    Seeded seeded(rig);
    seeded.guest.put(seeded.round(9));
    REQUIRE(rig.until([&] {
      seeded.guest.flush();
      return rig.counted == 1;
    }));
    CHECK(rig.synchronisation->takeLines().empty());
    if (hangs)
      rig.synchronisation->serve(sys::nowNs() + 31'000'000'000);
    else
      seeded.secondary.close();
    std::vector<std::string> lines;
    CHECK(rig.until([&] { return !(lines = rig.synchronisation->takeLines()).empty(); }));
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].starts_with("{\"type\":\"fatal\",\"message\":\"a round that counts at the primary"));
    CHECK(lines[0].find(hangs ? "taken nothing for 30 s" : "ended the migration") != std::string::npos);
    CHECK(rig.ends());
  }
}

TEST_CASE("vm owed: a session that ends with its QEMU before a round counts leaves the member") {
  Rig rig;
  Seeded seeded(rig);
  seeded.secondary.close();
  std::vector<std::string> lines;
  CHECK(rig.until([&] { return !(lines = rig.synchronisation->takeLines()).empty(); }));
  CHECK(lines[0].starts_with("{\"type\":\"relay\",\"end\":null"));
  rig.plane->serve({});
  CHECK_FALSE(rig.plane->ended());
}
