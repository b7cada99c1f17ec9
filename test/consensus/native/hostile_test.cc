// Peers that mean no good: no effect on the group, bounded memory, counted by cause.
#include <doctest/doctest.h>

#include <sys/socket.h>

#include <algorithm>
#include <deque>
#include <fstream>
#include <thread>

#include "core/channel.h"
#include "core/record.h"
#include "hostile_peer.h"
#include "sanitizer.h"
#include "transport/strangers.h"

using namespace gaia;
using namespace gaia::test;

namespace {

const Member intruder{8, 99, "127.0.0.1", 1, 1};

std::size_t residentMiB() {
  std::size_t total = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  return resident * 4096 >> 20;
}

// Long enough that on a busy machine nobody is suspected whom the attack has not stopped.
GroupSetting patient(TransportChoice transport) {
  return {.transport = transport, .change = [](ReplicaOptions& options) { options.suspicionMs = 3000; }};
}

// A group under attack: the test's own checks, and at the end that all went on meanwhile.
class Siege {
 public:
  explicit Siege(TransportChoice transport = TransportChoice::tcp) : group(patient(transport), 3) {
    leader = group.leader();
    REQUIRE(leader != 0);
    commit();
    elections = electionsOfAll();
  }
  ~Siege() {
    commit();
    if (underThreadSanitizer) return;  // under which a leader may well be suspected
    CHECK(electionsOfAll() == elections);
    CHECK(group.leader() == leader);
  }
  void commit() {
    texts.push_back("entry " + std::to_string(texts.size()));
    group.propose(texts.back());
    CHECK(group.allHave(texts));
  }
  std::uint64_t electionsOfAll() {
    std::uint64_t sum = 0;
    for (auto& [number, replica] : group.replicas()) sum += replica->runtime().metrics().elections;
    return sum;
  }
  Member victim() { return group.options(leader).self; }
  Authenticator authenticator() {
    const ReplicaOptions options = group.options(leader);
    return {options.group, options.secret};
  }
  bool counted(Refusal why, std::uint64_t least = 1) {
    return eventually([&] { return refused(group[leader], why) >= least; });
  }

  Group group;
  std::uint32_t leader = 0;
  std::uint64_t elections = 0;
  std::vector<std::string> texts;
};

void sendFrame(HostilePeer& peer, Operation operation, std::uint32_t length, std::uint64_t offset, std::uint64_t count) {
  peer.say(FrameHeader{operation, length, offset, count});
  peer.send(std::vector<std::byte>(std::min<std::uint32_t>(length, 4096)));
}

}  // namespace

TEST_CASE("hostile: whoever does not speak the protocol, or means another member, is ended") {
  Siege siege;
  HostilePeer garbage(siege.victim());
  garbage.send(std::vector<std::byte>(1u << 20, std::byte{0xA5}));
  CHECK(garbage.ended());
  Hello foreign = helloFrom(intruder, siege.leader), outside = foreign, neither = foreign;
  foreign.magic++;
  outside.fromSlot = slotsMax;
  neither.counts = 2;
  for (const Hello& hello : {foreign, outside, neither}) {
    HostilePeer peer(siege.victim());
    peer.say(hello);
    CHECK(peer.ended());
  }
  HostilePeer misled(siege.victim());
  misled.say(helloFrom(intruder, siege.leader + 1));
  CHECK(misled.ended());
  HostilePeer itself(siege.victim());
  itself.say(helloFrom(siege.victim(), siege.leader));
  CHECK(itself.ended());
  CHECK(siege.counted(Refusal::malformed, 6));
}

TEST_CASE("hostile: a handshake played back, reflected, or made with another secret") {
  Siege siege;
  const Authenticator authenticator = siege.authenticator();
  const Hello hello = helloFrom(intruder, siege.leader);
  HostilePeer recorded(siege.victim());
  recorded.say(hello);
  const auto challenge = recorded.hear<Challenge>();
  REQUIRE(challenge);
  const Proof proof{authenticator.prove(Side::caller, hello, challenge->nonce)};
  recorded.say(proof);
  REQUIRE(recorded.hear<Welcome>());

  HostilePeer replayed(siege.victim());
  replayed.say(hello);
  REQUIRE(replayed.hear<Challenge>());
  replayed.say(proof);
  CHECK(replayed.ended());
  CHECK(siege.counted(Refusal::badSecret, 1));

  HostilePeer reflected(siege.victim());
  reflected.say(hello);
  const auto own = reflected.hear<Challenge>();
  REQUIRE(own);
  reflected.say(Proof{own->proof});
  CHECK(reflected.ended());
  CHECK(siege.counted(Refusal::badSecret, 2));

  std::array<std::uint8_t, 32> guess{};
  HostilePeer guessing(siege.victim());
  CHECK_FALSE(guessing.enter({siege.group.options(1).group, guess}, intruder, siege.leader));
  CHECK(siege.counted(Refusal::badSecret, 3));
}

TEST_CASE("hostile: half a handshake ends in time, whether more comes byte by byte or nothing, and is counted") {
  Siege siege;
  HostilePeer silent(siege.victim()), slow(siege.victim()), quitting(siege.victim());
  const Hello hello = helloFrom(intruder, siege.leader);
  quitting.send(std::as_bytes(std::span(&hello, 1)).first(10));
  {
    const HostilePeer brief(siege.victim());
  }
  CHECK(siege.counted(Refusal::abandoned));
  const std::uint64_t startNs = sys::nowNs();
  for (std::size_t i = 0; i < 30 && slow.send(std::as_bytes(std::span(&hello, 1)).subspan(i, 1)); i++) {
    sys::sleepNs(100'000'000);
  }
  for (HostilePeer* peer : {&silent, &slow, &quitting}) CHECK(peer->ended());
  CHECK(sys::nowNs() - startNs < 10'000'000'000);
  CHECK(siege.counted(Refusal::timedOut, 3));
}

TEST_CASE("hostile: a flood of silent connections does not keep a member out, on either socket") {
  for (const TransportChoice transport : {TransportChoice::tcp, TransportChoice::shm}) {
    CAPTURE(static_cast<int>(transport));
    Siege siege(transport);
    const Authenticator authenticator = siege.authenticator();
    std::atomic<bool> over{false};
    std::thread flood([&] {
      std::deque<std::unique_ptr<HostilePeer>> held;
      while (!over) {
        if (transport == TransportChoice::tcp) held.push_back(std::make_unique<HostilePeer>(siege.victim()));
        else held.push_back(std::make_unique<HostilePeer>(authenticator, siege.leader));
        if (held.size() > 200) held.pop_front();
        sys::sleepNs(200'000);
      }
    });
    CHECK(siege.counted(Refusal::tooMany, 50));
    siege.group.join(4, 3, siege.leader);
    const bool joined = eventually([&] { return siege.group[4]->status().role == Role::follower; }, 10'000);
    over = true;
    flood.join();
    CHECK(joined);
    siege.elections = siege.electionsOfAll();  // a new configuration is an election
    siege.leader = siege.group.leader();
  }
}

TEST_CASE("hostile: a flood displaces itself, not who calls from elsewhere or has said hello") {
  const auto stranger = [](int address, bool saidHello, std::uint64_t sinceNs) {
    return Stranger{{std::byte(address)}, saidHello, sinceNs};
  };
  CHECK(strangerToDrop({stranger(1, false, 1)}) == 0);
  CHECK(strangerToDrop({stranger(2, false, 1), stranger(1, false, 3), stranger(1, false, 2)}) == 2);
  CHECK(strangerToDrop({stranger(1, true, 1), stranger(1, false, 3), stranger(2, false, 0)}) == 1);
  CHECK(strangerToDrop({stranger(1, true, 2), stranger(1, true, 1)}) == 1);
}

TEST_CASE("hostile: who has not said who it is gets no memory") {
  int ends[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
  Stream stream(ends[0]);
  const std::vector<std::byte> much(100'000);
  REQUIRE(sys::send(ends[1], much, -1) > 1000);
  stream.receive(sizeof(Hello));
  stream.receive(sizeof(Hello));
  CHECK(stream.available() == sizeof(Hello));
  stream.receive();
  CHECK(stream.available() > 1000);
  sys::close(ends[1]);
}

TEST_CASE("hostile: a member that does not take its answers is not served on, and ended") {
  Siege siege;
  HostilePeer peer(siege.victim());
  REQUIRE(peer.enter(siege.authenticator(), intruder, siege.leader));
  const std::size_t before = residentMiB();
  for (int i = 0; i < 2000; i++) {
    if (!peer.say(FrameHeader{Operation::read, 0, ringsOffset, readBytesMax})) break;
  }
  for (int i = 0; i < 10; i++) {
    siege.commit();
    sys::sleepNs(50'000'000);
  }
  if (!underThreadSanitizer) CHECK(residentMiB() < before + 24);  // it keeps a shadow of what is used
  CHECK(siege.counted(Refusal::stalled));
  CHECK(peer.ended());
}

TEST_CASE("hostile: answers that are taken slowly all come") {
  Siege siege;
  HostilePeer peer(siege.victim());
  REQUIRE(peer.enter(siege.authenticator(), intruder, siege.leader));
  constexpr int reads = 64;
  for (int i = 0; i < reads; i++) REQUIRE(peer.say(FrameHeader{Operation::read, 0, ringsOffset, readBytesMax}));
  for (int i = 0; i < reads; i++) {
    const auto header = peer.hear<FrameHeader>();
    REQUIRE(header);
    CHECK(header->operation == Operation::answer);
    REQUIRE(peer.hear<std::array<std::byte, readBytesMax>>());
    if (i % 16 == 0) sys::sleepNs(20'000'000);
  }
}

TEST_CASE("hostile: a member that writes or reads where it may not") {
  Siege siege;
  const Authenticator authenticator = siege.authenticator();
  const std::size_t ringBytes = siege.group.options(1).ringBytes;
  const Region shape(nullptr, ringBytes);
  const std::pair<Operation, std::pair<std::uint64_t, std::uint64_t>> attempts[] = {
      {Operation::write, {offsetof(Control, applied), 8}},       // another's status
      {Operation::write, {claimOffset(0), 8}},                   // another's claim
      {Operation::write, {shape.ringOffset(0), 64}},             // another's ring
      {Operation::write, {shape.ringOffset(9) - 32, 64}},        // past the last ring
      {Operation::write, {~std::uint64_t{0} - 7, 64}},           // around the end of the numbers
      {Operation::read, {shape.bytes() - 8, 64}},
      {Operation::read, {~std::uint64_t{0} - 7, 64}},
      {Operation::read, {0, std::uint64_t{1} << 40}},
      {Operation::read, {ringsOffset, std::max(readBytesMax, recordBytesMax) + 8}},  // more than anybody needs at once
  };
  std::uint64_t times = 0;
  for (const auto& [operation, range] : attempts) {
    CAPTURE(times);
    HostilePeer peer(siege.victim());
    REQUIRE(peer.enter(authenticator, intruder, siege.leader));
    const bool writes = operation == Operation::write;
    sendFrame(peer, operation, writes ? static_cast<std::uint32_t>(range.second) : 0, range.first, writes ? 0 : range.second);
    CHECK(peer.ended());
    CHECK(siege.counted(Refusal::outOfBounds, ++times));
  }
  siege.commit();
}

TEST_CASE("hostile: frames that are none, and journal positions nobody has") {
  Siege siege;
  const Authenticator authenticator = siege.authenticator();
  std::uint64_t times = 0;
  for (const auto& [operation, length] : {std::pair{Operation::write, ~std::uint32_t{0}},
                                          std::pair{static_cast<Operation>(77), std::uint32_t{0}},
                                          std::pair{Operation::answer, std::uint32_t{0}}}) {
    HostilePeer peer(siege.victim());
    REQUIRE(peer.enter(authenticator, intruder, siege.leader));
    sendFrame(peer, operation, length, 0, 0);
    CHECK(peer.ended());
    CHECK(siege.counted(Refusal::malformed, ++times));
  }
  HostilePeer curious(siege.victim());
  REQUIRE(curious.enter(authenticator, intruder, siege.leader));
  for (const std::uint64_t from : {std::uint64_t{0}, std::uint64_t{1} << 50, ~std::uint64_t{0}}) {
    curious.say(FrameHeader{Operation::journal, 0, from, 0});
    const auto answer = curious.hear<FrameHeader>();
    REQUIRE(answer);
    CHECK(answer->operation == Operation::journalAnswer);
    CHECK(answer->length == 0);
  }
}
