// A damaged handshake and damaged frames, at the owner of a region (Acceptor) and at who writes into it (Link). All in one
// thread, over the local socket, with a clock of its own: a try depends on its choices alone.
#include <doctest/doctest.h>

#include <unistd.h>

#include "mutator.h"
#include "transport/acceptor.h"
#include "transport/link.h"

using namespace gaia;
using namespace gaia::test;
using Buffer = std::vector<std::byte>;

namespace {

constexpr std::size_t ringBytes = 4096;
constexpr std::uint32_t ownerNumber = 1;
constexpr std::uint64_t roundNs = 21'000'000;  // longer than a read is held for the disk
constexpr int quietRounds = 3;

template <class T>
void append(Buffer& to, const T& message) {
  const auto bytes = std::as_bytes(std::span(&message, 1));
  to.insert(to.end(), bytes.begin(), bytes.end());
}

void appendFrame(Buffer& to, const FrameHeader& header) {
  append(to, header);
  to.resize(to.size() + header.length, std::byte{0xA5});
}

// One end of a connection, and all that it has heard.
struct End {
  explicit End(int descriptor) : descriptor(descriptor) { REQUIRE(descriptor >= 0); }
  ~End() { sys::close(descriptor); }
  End(const End&) = delete;
  void send(std::span<const std::byte> bytes, int passed = -1) { sys::send(descriptor, bytes, passed); }
  bool hear() {
    std::array<std::byte, 65536> part;
    const auto count = sys::receive(descriptor, part, nullptr);
    if (count > 0) heard.insert(heard.end(), part.begin(), part.begin() + count);
    ended = ended || count == 0 || (count < 0 && errno != EAGAIN);
    return count > 0;
  }
  template <class T>
  std::optional<T> take() {
    T message;
    if (heard.size() < sizeof(T)) return std::nullopt;
    std::memcpy(&message, heard.data(), sizeof(T));
    heard.erase(heard.begin(), heard.begin() + sizeof(T));
    return message;
  }
  int descriptor;
  Buffer heard;
  bool ended = false;
};

struct alignas(64) Line {
  std::byte bytes[64];
};

// Where nobody else listens, however many run at a time.
Authenticator ownAuthenticator() { return {"/fuzz@1 " + std::to_string(getpid()) + " " + std::to_string(sys::nowNs()), {}}; }

// An owner's region on the heap, whose ends AddressSanitizer knows, and its acceptor.
struct Gate {
  Gate(const Authenticator& authenticator, bool onDisk)
      : lines(Region::bytesFor(ringBytes) / sizeof(Line)), region(lines[0].bytes, ringBytes) {
    const auto journal = [this](std::uint32_t who, Index, Buffer* answer) { reader = who, answer->resize(100); };
    const auto snapshot = [this](std::uint32_t who, Index, std::uint32_t, Buffer* answer) { reader = who, answer->resize(7); };
    acceptor.emplace(Acceptor::Owner{authenticator, region, ownerNumber, -1, journal, snapshot});
    if (onDisk) acceptor->keepLives(1, [](std::uint32_t, std::uint64_t) { return true; }, &queue);
    std::string error;
    REQUIRE_MESSAGE(acceptor->listenUnix(&error), error);
  }
  // Until nothing has been said for some rounds.
  void serve(End& peer) {
    for (int quiet = 0; quiet < quietRounds; quiet++) {
      std::vector<pollfd> descriptors;
      acceptor->addTo(&descriptors);
      sys::poll(descriptors, 0);
      acceptor->serve(descriptors, nowNs += roundNs);
      while (peer.hear()) quiet = 0;
    }
  }
  std::span<const std::byte> bytes() const { return {region.base(), region.bytes()}; }

  std::vector<Line> lines;
  Region region;
  DiskQueue queue;
  std::optional<Acceptor> acceptor;
  std::uint64_t nowNs = 1;
  std::uint32_t reader = 0;
};

void sendInPieces(Mutator& mutator, Gate& gate, End& peer, std::span<const std::byte> bytes) {
  for (int pieces = 3; !bytes.empty(); pieces--) {
    const std::size_t part = pieces == 0 ? bytes.size() : 1 + mutator.below(bytes.size());
    peer.send(bytes.first(part));
    bytes = bytes.subspan(part);
    gate.serve(peer);
  }
}

// What an owner is to make of frames: another reading of the protocol than Acceptor's.
struct Outcome {
  std::size_t answers = 0;
  std::optional<Refusal> refusal;
};

Outcome outcomeOf(std::span<const std::byte> sent, const Region& region, std::size_t slot) {
  Outcome outcome;
  const auto ends = [&](Refusal why) { return outcome.refusal = why, outcome; };
  while (sent.size() >= sizeof(FrameHeader)) {
    FrameHeader header;
    std::memcpy(&header, sent.data(), sizeof(header));
    if (header.length > framePayloadMax) return ends(Refusal::malformed);
    if (sent.size() - sizeof(header) < header.length) break;
    sent = sent.subspan(sizeof(header) + header.length);
    const bool within = header.offset <= region.bytes() && header.count <= region.bytes() - header.offset;
    switch (header.operation) {
      case Operation::write:
        if (!region.writableBy(slot, header.offset, header.length)) return ends(Refusal::outOfBounds);
        break;
      case Operation::read:
        if (!within) return ends(Refusal::outOfBounds);
        outcome.answers++;
        break;
      case Operation::journal:
      case Operation::snapshot: outcome.answers++; break;
      case Operation::bell: break;
      default: return ends(Refusal::malformed);
    }
  }
  return outcome;
}

// Every answer is a whole frame of a kind that owners send.
std::size_t answersIn(std::span<const std::byte> heard) {
  std::size_t answers = 0;
  for (; heard.size() >= sizeof(FrameHeader); answers++) {
    FrameHeader header;
    std::memcpy(&header, heard.data(), sizeof(header));
    if (heard.size() - sizeof(header) < header.length) break;
    const auto kind = header.operation;
    CHECK((kind == Operation::answer || kind == Operation::journalAnswer || kind == Operation::snapshotAnswer));
    heard = heard.subspan(sizeof(header) + header.length);
  }
  return answers;
}

Buffer framesOf(const Region& region, std::size_t slot) {
  Buffer frames;
  appendFrame(frames, {Operation::write, 64, region.ringOffset(slot) + 128, 0});
  appendFrame(frames, {Operation::write, 8, claimOffset(slot), 0});
  appendFrame(frames, {Operation::read, 0, controlOffset, sizeof(Control)});
  appendFrame(frames, {Operation::journal, 0, 3, 0});
  appendFrame(frames, {Operation::snapshot, 0, 3, 1});
  appendFrame(frames, {Operation::bell, 0, 0, 0});
  appendFrame(frames, {Operation::read, 0, region.ringOffset(slot), 200});
  return frames;
}

void onlyItsPartsChanged(const Region& region, const Buffer& before, std::optional<std::size_t> slot) {
  for (std::size_t i = 0; i < before.size(); i++) {
    if (region.base()[i] == before[i]) continue;
    CAPTURE(i);
    REQUIRE(slot);
    REQUIRE(region.writableBy(*slot, i, 1));
  }
}

std::uint64_t refusedIn(const RefusalCounts& counts) {
  std::uint64_t sum = 0;
  for (const std::uint64_t count : counts) sum += count;
  return sum;
}

// `sent` begins with what the owner takes for the hello; the nonce is the owner's.
bool provesItself(const Authenticator& authenticator, const Buffer& sent, const Nonce& nonce) {
  Hello hello;
  if (sent.size() < sizeof(Hello) + sizeof(Proof)) return false;
  std::memcpy(&hello, sent.data(), sizeof(hello));
  const Mac proof = authenticator.prove(Side::caller, hello, nonce);
  return std::equal(proof.begin(), proof.end(), sent.begin() + sizeof(Hello));
}

// Says hello and proves it, either perhaps damaged. Whether the owner let it in; `sent`: all that was said.
bool enters(Mutator& mutator, const Authenticator& authenticator, Gate& gate, End& peer, std::size_t slot, Buffer* sent) {
  const auto say = [&](Buffer bytes, bool damages) {
    if (damages) bytes = mutator.damaged(bytes);
    sendInPieces(mutator, gate, peer, bytes);
    sent->insert(sent->end(), bytes.begin(), bytes.end());
  };
  const std::uint64_t damage = mutator.below(8);  // 0: of the hello; 1: of the proof
  Hello hello;
  hello.fromNumber = 7, hello.toNumber = ownerNumber, hello.fromSlot = static_cast<std::uint8_t>(slot);
  hello.counts = static_cast<std::uint8_t>(mutator.below(2));
  Buffer greeting, proof;
  append(greeting, hello);
  say(greeting, damage == 0);
  const auto challenge = peer.take<Challenge>();
  REQUIRE((challenge || damage == 0));
  if (!challenge) return false;
  std::memcpy(&hello, sent->data(), sizeof(hello));
  append(proof, Proof{authenticator.prove(Side::caller, hello, challenge->nonce)});
  say(proof, damage == 1);
  const auto welcome = peer.take<Welcome>();
  if (damage > 1) REQUIRE(welcome);
  if (!welcome || layoutSaid(hello.layout) != layoutHere) return false;
  REQUIRE(provesItself(authenticator, *sent, challenge->nonce));
  return true;
}

struct Heard {
  Completion::Kind kind;
  Buffer bytes;
  bool operator==(const Heard&) const = default;
};

// What a caller over shared memory is to make of an owner's frames; `malformed`: it hangs up there.
std::vector<Heard> answersExpected(std::span<const std::byte> sent, bool* malformed) {
  std::vector<Heard> answers;
  while (sent.size() >= sizeof(FrameHeader)) {
    FrameHeader header;
    std::memcpy(&header, sent.data(), sizeof(header));
    sent = sent.subspan(sizeof(header));
    *malformed = header.length > framePayloadMax;
    if (*malformed || sent.size() < header.length) break;
    const bool ofJournal = header.operation == Operation::journalAnswer;
    *malformed = !ofJournal && header.operation != Operation::snapshotAnswer;
    if (*malformed) break;
    const auto payload = sent.first(header.length);
    answers.push_back({ofJournal ? Completion::Kind::journal : Completion::Kind::snapshot, {payload.begin(), payload.end()}});
    sent = sent.subspan(header.length);
  }
  return answers;
}

void await(int descriptor, short events) {
  pollfd ready{descriptor, events, 0};
  sys::poll({&ready, 1}, 2'000'000'000);
}

// A caller, and the owner that it calls, by hand. `port`: it calls over tcp, else over shared memory.
struct Call {
  Call(const Authenticator& authenticator, int listener, std::uint16_t port = 0)
      : caller{.authenticator = authenticator,
               .self = {1, 7, "127.0.0.1", 1, 0},
               .choice = port == 0 ? TransportChoice::shm : TransportChoice::tcp,
               .ringBytes = ringBytes},
        link(caller, {0, ownerNumber, "127.0.0.1", port, 0}),
        memory(sys::memoryFile(Region::bytesFor(ringBytes))) {
    link.step(0, nowNs);
    await(link.descriptor(), POLLOUT);
    if (port != 0) link.step(POLLOUT, nowNs);
    owner.emplace(sys::accept(listener));
    await(owner->descriptor, POLLIN);
    owner->hear();
    const auto said = owner->take<Hello>();
    REQUIRE(said);
    hello = *said;
  }
  ~Call() { sys::close(memory); }

  void tell(Mutator& mutator, std::span<const std::byte> bytes, int passed = -1) {
    for (int pieces = 3; !bytes.empty(); pieces--) {
      const std::size_t part = pieces == 0 ? bytes.size() : 1 + mutator.below(bytes.size());
      owner->send(bytes.first(part), std::exchange(passed, -1));
      bytes = bytes.subspan(part);
      step();
    }
    step();
    owner->hear();
  }
  template <class T>
  void say(const T& message) {
    owner->send(std::as_bytes(std::span(&message, 1)));
    await(link.descriptor(), POLLIN);
    step();
  }
  // A caller that has hung up would call again.
  void step() {
    if (link.descriptor() < 0) return;
    link.step(POLLIN | POLLOUT, nowNs);
    for (Completion one; link.open() && link.poll(&one);) answers.push_back({one.kind, {one.bytes.begin(), one.bytes.end()}});
  }
  // What it writes is in the memory that the owner has, and nowhere else.
  bool writesArrive() {
    const std::uint64_t word = 0x1122334455667788;
    link.write(claimOffset(1), std::as_bytes(std::span(&word, 1)));
    std::uint64_t there = 0;
    return pread(memory, &there, sizeof(there), static_cast<off_t>(claimOffset(1))) == sizeof(there) && there == word;
  }

  Link::Caller caller;
  Link link;
  int memory;
  std::optional<End> owner;
  Hello hello;
  std::vector<Heard> answers;
  std::uint64_t nowNs = 1;
};

}  // namespace

TEST_CASE("fuzz: what a caller says to the owner of a region, from the hello on") {
  const Authenticator authenticator = ownAuthenticator();
  fuzz([&](Mutator& mutator) {
    Gate gate(authenticator, mutator.below(2) == 0);
    const std::size_t slot = mutator.below(slotsMax);
    const Buffer before(gate.bytes().begin(), gate.bytes().end());
    End peer(sys::connectUnix(authenticator.socketName(ownerNumber)));
    gate.serve(peer);
    Buffer sent;
    if (!enters(mutator, authenticator, gate, peer, slot, &sent)) {
      CHECK(gate.reader == 0);
      CHECK(refusedIn(gate.acceptor->refusals()) <= 1);
      return onlyItsPartsChanged(gate.region, before, std::nullopt);
    }
    Hello hello;
    std::memcpy(&hello, sent.data(), sizeof(hello));
    const Buffer frames = mutator.damaged(framesOf(gate.region, slot));
    sendInPieces(mutator, gate, peer, frames);
    sent.insert(sent.end(), frames.begin(), frames.end());
    const auto expected = outcomeOf(std::span(sent).subspan(sizeof(Hello) + sizeof(Proof)), gate.region, hello.fromSlot);
    onlyItsPartsChanged(gate.region, before, hello.fromSlot);
    CHECK((gate.reader == 0 || gate.reader == hello.fromNumber));
    CHECK(peer.ended == expected.refusal.has_value());
    const RefusalCounts refusals = gate.acceptor->refusals();
    CHECK(refusedIn(refusals) == (expected.refusal ? 1 : 0));
    if (expected.refusal) CHECK(refusals[static_cast<std::size_t>(*expected.refusal)] == 1);
    // Who is ended may miss answers that came before.
    if (expected.refusal) CHECK(answersIn(peer.heard) <= expected.answers);
    else CHECK(answersIn(peer.heard) == expected.answers);
  });
}

TEST_CASE("fuzz: what the owner of a region says to a caller, from the challenge on") {
  const Authenticator authenticator = ownAuthenticator();
  const End listener(sys::listenUnix(authenticator.socketName(ownerNumber)));
  fuzz([&](Mutator& mutator) {
    Call call(authenticator, listener.descriptor);
    const std::uint64_t damage = mutator.below(8);  // 0: of the challenge; 1: of the welcome; 2: no memory comes with it
    Buffer challenge, welcome, frames;
    append(challenge, Challenge{{}, authenticator.prove(Side::owner, call.hello, {})});
    const Buffer genuine = challenge;
    if (damage == 0) challenge = mutator.damaged(challenge);
    call.tell(mutator, challenge);
    if (call.owner->take<Proof>()) {
      REQUIRE(challenge.size() >= genuine.size());
      REQUIRE(std::equal(genuine.begin(), genuine.end(), challenge.begin()));
    } else {
      REQUIRE(damage == 0);
      return;
    }
    append(welcome, Welcome{.ringBytes = ringBytes, .life = 5});
    if (damage == 1) welcome = mutator.damaged(welcome);
    call.tell(mutator, welcome, damage == 2 ? -1 : call.memory);
    if (damage > 1) REQUIRE(call.link.open() == (damage > 2));
    if (!call.link.open()) return;
    CHECK(call.writesArrive());
    if (damage < 2) return;  // what is left of it would stand before the frames
    call.link.readJournal(3), call.link.readSnapshot(3, 0);
    appendFrame(frames, {Operation::journalAnswer, 100, 0, 0});
    appendFrame(frames, {Operation::snapshotAnswer, 7, 0, 0});
    appendFrame(frames, {Operation::journalAnswer, 0, 0, 0});
    frames = mutator.damaged(frames);
    call.tell(mutator, frames);
    bool malformed = false;
    const auto expected = answersExpected(frames, &malformed);
    CHECK(call.answers == expected);
    CHECK(call.link.open() != malformed);
  });
}

TEST_CASE("an answer that was not asked for over tcp, or is not as long as that, ends the connection") {
  const Authenticator authenticator = ownAuthenticator();
  const End listener(sys::listenTcp("127.0.0.1", 0));
  for (const auto& lengths : {std::pair{8, 8}, {8, 7}, {8, 9}, {8, 0}, {0, 8}}) {
    const int asked = lengths.first, answered = lengths.second;
    CAPTURE(asked);
    CAPTURE(answered);
    Call call(authenticator, listener.descriptor, sys::localPort(listener.descriptor));
    call.say(Challenge{{}, authenticator.prove(Side::owner, call.hello, {})});
    call.say(Welcome{.ringBytes = ringBytes});
    REQUIRE(call.link.open());
    if (asked != 0) call.link.read(0, static_cast<std::size_t>(asked));
    const std::uint64_t payload[2] = {};
    call.say(FrameHeader{Operation::answer, static_cast<std::uint32_t>(answered), 0, 0});
    if (call.link.open() && answered != 0) call.owner->send(std::as_bytes(std::span(payload)).first(static_cast<std::size_t>(answered)));
    if (answered != 0) await(call.link.descriptor(), POLLIN);
    call.step();
    call.step();
    CHECK(call.link.open() == (asked == answered));
    CHECK(call.answers.size() == (asked == answered ? 1 : 0));
  }
}
