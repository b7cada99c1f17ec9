// What two guests may say differently and still say the same: TCP.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "vm/output_guard.h"
#include "vm_frames.h"

using namespace gaia::vm;
using namespace gaia::vm::test;

namespace {

constexpr HashKey key{4, 5, 6};

struct Compared {
  OutputGuard guard{key};
  OutputSpeech others{key};
  std::vector<Bytes> left;
  std::function<void(View)> release = [this](View frame) { left.emplace_back(frame.begin(), frame.end()); };
  Compared() { guard.close(true, release); }
  void primary(const Bytes& frame) { guard.put(frame, 0, release); }
  void backup(const Bytes& frame) { guard.compare(guard.round(), *others.said(frame), release); }
  bool differs() const { return guard.want(0, 0, {}) == OutputGuard::Want::mismatch; }
};

// A guest that says `text` on one connection, cut, acknowledged and repeated at random.
struct Speaker {
  std::string text;
  std::uint32_t start;
  std::size_t said = 0;
  std::uint32_t acknowledged = 0;

  Bytes next(std::mt19937_64& random) {
    if (random() % 3 == 0) acknowledged += static_cast<std::uint32_t>(random() % 50);
    const std::size_t from = random() % 8 == 0 && said > 0 ? random() % said : said;
    const std::size_t bytes =
        random() % 4 == 0 ? 0 : std::min<std::size_t>(random() % 40, text.size() - from);
    said = std::max(said, from + bytes);
    const auto varying = static_cast<std::uint16_t>(random());
    return tcpFrame(start + static_cast<std::uint32_t>(from), acknowledged, text.substr(from, bytes), tcpAck,
                    varying);
  }
};

}  // namespace

TEST_CASE("vm: numbers of packets and windows are not compared, bytes are") {
  Compared compared;
  compared.primary(tcpFrame(100, 7, "reply", tcpAck, 1));
  compared.backup(tcpFrame(100, 7, "reply", tcpAck, 2));
  CHECK(compared.left.size() == 1);
  compared.primary(tcpFrame(105, 7, "mine"));
  compared.backup(tcpFrame(105, 7, "ours"));
  CHECK(compared.differs());
  CHECK(compared.left.size() == 1);
}

TEST_CASE("vm: how a stream is cut into segments is not compared") {
  Compared compared;
  compared.primary(tcpFrame(100, 7, "one"));
  compared.primary(tcpFrame(103, 7, "two"));
  compared.backup(tcpFrame(100, 7, "onetwo"));
  CHECK(compared.left.size() == 2);
  compared.primary(tcpFrame(106, 7, "threefour"));
  compared.backup(tcpFrame(106, 7, "three"));
  CHECK(compared.left.size() == 2);
  compared.backup(tcpFrame(111, 7, "four"));
  CHECK(compared.left.size() == 3);
  CHECK_FALSE(compared.differs());
}

TEST_CASE("vm: an acknowledgement waits until the backup's guest has the bytes") {
  Compared compared;
  compared.primary(tcpFrame(100, 0xffff'fff0, ""));
  compared.backup(tcpFrame(100, 0xffff'ffe0, ""));
  CHECK(compared.left.empty());
  compared.primary(tcpFrame(100, 0x10, "reply"));
  compared.backup(tcpFrame(100, 0, "reply"));
  CHECK(compared.left.size() == 1);  // beyond the first one's; numbers run over
  compared.backup(tcpFrame(105, 0x10, ""));
  CHECK(compared.left.size() == 2);
  CHECK_FALSE(compared.differs());
}

TEST_CASE("vm: a connection's begin, end and reset are compared") {
  Compared compared;
  compared.primary(tcpFrame(100, 7, "bye", tcpAck | tcpFin));
  compared.backup(tcpFrame(100, 7, "bye"));
  CHECK(compared.left.empty());
  compared.backup(tcpFrame(103, 7, "", tcpAck | tcpFin));
  CHECK(compared.left.size() == 1);
  for (const std::uint8_t flag : {tcpFin, tcpSyn, tcpRst}) {
    Compared other;
    other.primary(tcpFrame(100, 7, "", tcpAck | flag));
    other.backup(tcpFrame(100, 7, "x"));
    CHECK(other.left.empty());
  }
  Compared other;
  other.primary(tcpFrame(100, 7, "", tcpAck | tcpSyn));
  other.backup(tcpFrame(200, 7, "", tcpAck | tcpSyn));
  CHECK(other.differs());
}

TEST_CASE("vm: of a stream nothing leaves that the backup's guest has not said and heard") {
  const std::uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  for (int life = 0; life < 500; life++) {
    Compared compared;
    std::string text(400, 0);
    for (char& each : text) each = static_cast<char>(random());
    const auto start = static_cast<std::uint32_t>(random());
    Speaker mine{text, start, 0, static_cast<std::uint32_t>(random())}, other = mine;
    const std::size_t equal = random() % 2 == 0 ? text.size() : random() % text.size();
    if (equal < text.size()) other.text[equal] ^= 1;
    std::uint32_t heard = other.acknowledged;
    const auto told = [&](const TcpSegment& segment) {
      const std::size_t end = segment.sequence - start + segment.payload.size();
      REQUIRE(end <= std::min(other.said, equal));
      REQUIRE(static_cast<std::int32_t>(heard - segment.acknowledged) >= 0);
    };
    compared.backup(tcpFrame(start, heard, ""));
    compared.primary(tcpFrame(start, heard, ""));
    for (int step = 0; step < 120; step++) {
      const std::size_t before = compared.left.size();
      if (random() % 2 == 0) {
        compared.primary(mine.next(random));
      } else {
        const Bytes frame = other.next(random);
        heard = other.acknowledged;
        compared.backup(frame);
      }
      for (std::size_t i = before; i < compared.left.size(); i++) told(*tcpSegmentOf(compared.left[i]));
    }
    heard = std::max(mine.acknowledged, other.acknowledged,
                     [](std::uint32_t a, std::uint32_t b) { return static_cast<std::int32_t>(a - b) < 0; });
    const auto finish = [&](const Speaker& speaker) {
      return tcpFrame(start + static_cast<std::uint32_t>(speaker.said), heard,
                      speaker.text.substr(speaker.said));
    };
    compared.primary(finish(mine));
    compared.backup(finish(other));
    REQUIRE(compared.differs() == (equal < text.size()));
    if (equal == text.size()) REQUIRE(compared.guard.heldBytes() == 0);
  }
}
