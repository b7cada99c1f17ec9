// A guest on a bridge of the host, in a network that the test makes: one port, and a group of three.
#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <linux/sockios.h>
#include <net/ethernet.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include <algorithm>

#include "group.h"
#include "own_network.h"
#include "vm/data_plane.h"
#include "vm_frames.h"

using namespace gaia;
using namespace gaia::test;
using namespace gaia::vm;
using namespace gaia::vm::test;

namespace {

constexpr const char* bridgeName = "br0";
constexpr MacAddress guestMac{std::byte{0x52}, std::byte{0x54}, std::byte{0},
                              std::byte{1},    std::byte{2},    std::byte{3}};
constexpr MacAddress hostMac{std::byte{0x52}, std::byte{0x54}, std::byte{0},
                             std::byte{9},    std::byte{9},    std::byte{9}};
constexpr MacAddress everybody{std::byte{0xff}, std::byte{0xff}, std::byte{0xff},
                               std::byte{0xff}, std::byte{0xff}, std::byte{0xff}};

Bytes frameOf(const MacAddress& from, const MacAddress& to, const std::string& text) {
  Bytes frame = frameTo(to, text);
  std::copy(from.begin(), from.end(), frame.begin() + 6);
  frame[12] = std::byte{0x88}, frame[13] = std::byte{0xb5};  // for experiments
  frame.resize(std::max<std::size_t>(frame.size(), 60));
  return frame;
}

std::string saidIn(View frame) {
  const std::string text = textOf(frame);
  return text.substr(0, text.find('\0'));
}

// The bridge, and a host on it that hears and says frames.
class Host {
 public:
  Host() {
    const int control = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ifreq request{};
    std::strcpy(request.ifr_name, bridgeName);
    REQUIRE(ioctl(control, SIOCBRADDBR, bridgeName) == 0);
    REQUIRE(ioctl(control, SIOCGIFFLAGS, &request) == 0);
    request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP | IFF_PROMISC);
    REQUIRE(ioctl(control, SIOCSIFFLAGS, &request) == 0);
    close(control);
    socket_ = ::socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, htons(ETH_P_ALL));
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(ETH_P_ALL);
    address.sll_ifindex = static_cast<int>(if_nametoindex(bridgeName));
    REQUIRE(bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  }
  ~Host() { close(socket_); }
  void say(const Bytes& frame) { REQUIRE(write(socket_, frame.data(), frame.size()) > 0); }
  // What it has heard of the guest, each once; "rarp" are announcements.
  std::vector<std::string>& hear() {
    std::byte part[2048];
    for (ssize_t got; (got = read(socket_, part, sizeof part)) > 0;) {
      const View frame(part, static_cast<std::size_t>(got));
      if (!std::equal(guestMac.begin(), guestMac.end(), frame.begin() + 6)) continue;
      heard.push_back(frame[12] == std::byte{0x80} && frame[13] == std::byte{0x35} ? "rarp" : saidIn(frame));
    }
    return heard;
  }
  std::vector<std::string> heard;

 private:
  int socket_ = -1;
};

std::vector<std::string> takenBy(BridgePort& port) {
  std::vector<std::string> texts;
  std::vector<pollfd> descriptors;
  port.addTo(&descriptors);
  sys::poll(descriptors, 0);
  port.serve(descriptors, [&](View frame) { texts.push_back(saidIn(frame)); });
  std::erase_if(texts, [](const std::string& text) { return !text.starts_with("to "); });  // the kernel's own
  return texts;
}

std::string refusal(const std::string& bridge) {
  std::string error;
  CHECK(BridgePort::open({bridge, guestMac}, &error) == nullptr);
  return error;
}

// One member, and the guest behind it, which says what it hears.
struct BridgedMember {
  BridgedMember(const ReplicaOptions& replica, const std::string& socket) {
    vm::Options options;
    options.replica = replica;
    options.guestSocket = replica.self.number == 3 ? "" : socket;
    options.firstPrimary = 1;
    options.bridge = {bridgeName, guestMac};
    std::string error;
    plane = DataPlane::start(options, &error);
    REQUIRE_MESSAGE(plane != nullptr, error);
    if (!options.guestSocket.empty()) plug(socket);
  }
  ~BridgedMember() { close(guest); }
  void plug(const std::string& socket) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, socket.c_str());
    guest = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    REQUIRE(connect(guest, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  }
  void turn() {
    std::vector<pollfd> descriptors;
    std::uint32_t timeoutMs = 1;
    plane->addTo(&descriptors, &timeoutMs);
    sys::poll(descriptors, 200'000);
    plane->serve(descriptors);
    std::byte part[65536];
    const ssize_t got = guest < 0 ? 0 : recv(guest, part, sizeof part, 0);
    if (got > 0) reader.read(View(part, static_cast<std::size_t>(got)), [this](View frame) { hear(frame); });
  }
  void hear(View frame) {
    const std::string text = saidIn(frame);
    if (!text.starts_with("to ")) return;
    heard.push_back(text);
    Bytes answer;
    appendFramed(frameOf(guestMac, hostMac, "re " + text), &answer);
    REQUIRE(send(guest, answer.data(), answer.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(answer.size()));
  }
  std::unique_ptr<DataPlane> plane;
  int guest = -1;
  FrameReader reader;
  std::vector<std::string> heard;
};

struct BridgedGroup {
  BridgedGroup() {
    std::array<std::uint16_t, 4> ports;
    for (std::uint16_t& port : ports) port = freePort();
    for (std::uint32_t number = 1; number <= 3; number++) {
      ReplicaOptions options = group.options(number);
      options.self.servicePort = ports[number];
      for (Member& peer : options.peers) peer.servicePort = ports[peer.number];
      members.push_back(std::make_unique<BridgedMember>(
          options, directory.path() + "/guest-" + std::to_string(number) + ".sock"));
    }
  }
  bool until(const std::function<bool()>& condition) {
    return eventually([&] {
      for (auto& member : members)
        if (member != nullptr) member->turn();
      host.hear();
      return condition();
    });
  }
  std::uint32_t primary(std::size_t at) { return members[at]->plane->guestStatus().roles.primary; }
  bool isHeard(const std::string& text) {
    return std::find(host.heard.begin(), host.heard.end(), text) != host.heard.end();
  }
  Host host;
  TemporaryDirectory directory;
  Group group{{.transport = TransportChoice::shm}, 3, 0};
  std::vector<std::unique_ptr<BridgedMember>> members;
};

void ports() {
  Host host;
  std::string error;
  const auto one = BridgePort::open({bridgeName, guestMac}, &error);
  REQUIRE_MESSAGE(one != nullptr, error);
  const auto other = BridgePort::open({bridgeName, guestMac}, &error);
  REQUIRE_MESSAGE(other != nullptr, error);
  // Ports of a bridge learn for a moment before they forward.
  REQUIRE(eventually([&] { return one->announce(), !host.hear().empty(); }));
  REQUIRE(eventually([&] {
    host.say(frameOf(hostMac, everybody, "to all"));
    return !takenBy(*one).empty() && !takenBy(*other).empty();
  }));
  for (BridgePort* here : {one.get(), other.get(), one.get()}) {
    BridgePort& there = here == one.get() ? *other : *one;
    takenBy(there);
    here->announce();
    host.say(frameOf(hostMac, guestMac, "to the guest"));
    CHECK(eventually([&] { return !takenBy(*here).empty(); }));
    CHECK(takenBy(there).empty());
    host.say(frameOf(hostMac, hostMac, "to another"));
    here->send(frameOf(guestMac, everybody, "to all from the guest"));
    CHECK(eventually([&] { return host.hear().back() == "to all from the guest"; }));
    CHECK(takenBy(there).empty());  // the guest's own
  }
}

void refusals() {
  Host host;
  CHECK(refusal("none") ==
        "bridge=none: there is no such interface on this host; make the bridge, or name one that is there");
  CHECK(refusal("lo") == "bridge=lo: this interface is no bridge; name a bridge");
  REQUIRE(syscall(SYS_setresuid, 65534, 65534, 65534) == 0);  // of this thread alone
  CHECK(refusal(bridgeName).find("it takes root or CAP_NET_ADMIN: run the agent so, or use ports") !=
        std::string::npos);
}

void group() {
  BridgedGroup all;
  REQUIRE(all.until([&] { return all.primary(0) == 1 && all.primary(1) == 1; }));
  // Ports of a bridge learn for a moment before they forward.
  REQUIRE(all.until([&] {
    all.host.say(frameOf(hostMac, everybody, "to find it"));
    return all.isHeard("re to find it");
  }));
  const auto ask = [&](const std::string& text, const MacAddress& to) {
    all.host.say(frameOf(hostMac, to, text));
    const bool answered = all.until([&] { return all.isHeard("re " + text); });
    CHECK_MESSAGE(answered, text);
  };
  const auto settled = [&] { return all.members[0]->heard == all.members[1]->heard; };
  all.members[0]->plane->setBackup(2);
  REQUIRE(all.until([&] { return all.members[1]->plane->guestStatus().roles.backup == 2; }));
  all.host.say(frameOf(hostMac, guestMac, "to both"));
  REQUIRE(all.until([&] {
    const auto hasBoth = [](const auto& member) {
      return member->guest < 0 || (!member->heard.empty() && member->heard.back() == "to both");
    };
    return std::all_of(all.members.begin(), all.members.end(), hasBoth);
  }));
  for (auto& member : all.members) member->heard.clear();  // what came while guests were plugged in
  // The guests are the same, as after a seed; a round says so.
  for (auto& member : all.members) member->plane->committed(1);
  ask("to one", guestMac);
  ask("to many", everybody);
  const auto& heard = all.members[0]->heard;
  CHECK(std::count(heard.begin(), heard.end(), "to many") == 1);  // of three taps one counts
  CHECK(std::count(all.host.heard.begin(), all.host.heard.end(), "re to one") == 1);
  REQUIRE(all.until(settled));

  all.host.heard.clear();
  all.members[0]->plane->transferLeadership(2);
  REQUIRE(all.until([&] { return all.primary(0) == 2 && all.primary(1) == 2; }));
  REQUIRE(all.until([&] { return all.isHeard("rarp"); }));
  all.members[0].reset();
  ask("to the new primary", guestMac);
  CHECK(all.members[1]->heard.back() == "to the new primary");
}

}  // namespace

TEST_CASE(
    "vm: a port on a bridge hears what is for the guest, and bridges look for it where it was announced") {
  if (!inOwnNetwork(ports)) MESSAGE("skipped: networks of one's own need root");
}

TEST_CASE("vm: a bridge that cannot be had is refused with cause and remedy") {
  if (!inOwnNetwork(refusals)) MESSAGE("skipped: networks of one's own need root");
}

TEST_CASE(
    "vm: of the members on a bridge the primary alone hears and speaks, and the next one announces the "
    "guest") {
  if (!inOwnNetwork(group)) MESSAGE("skipped: networks of one's own need root");
}
