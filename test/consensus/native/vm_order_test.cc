// Frames in streams and in the log: what every member of a guest's group makes of them.
#include <doctest/doctest.h>

#include <random>

#include "vm/inputs.h"
#include "vm/order.h"
#include "vm/station_filter.h"
#include "vm_frames.h"

using namespace gaia::vm;
using namespace gaia::vm::test;

namespace {

// What a guest gets of one entry.
std::vector<std::string> applied(Order& order, const Bytes& entry) {
  std::vector<std::string> texts;
  order.apply(entry, [&](View frame) { texts.push_back(textOf(frame)); });
  return texts;
}

Bytes batch(std::uint8_t slot, std::uint32_t member, Sequence first, const std::vector<std::string>& texts) {
  Bytes entry = beginInputs({slot, member, first, {}});
  for (const std::string& text : texts) appendFramed(frame(text), &entry);
  return entry;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("vm: frames come off a stream whatever its pieces, and what is none is passed over") {
  const std::uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 200; round++) {
    Bytes stream;
    Texts sent, got;
    std::uint64_t refused = 0;
    for (int i = 0; i < 20; i++) {
      const std::size_t length = random() % 4 == 0 ? random() % 70'000 : random() % 100;
      if (length + frameBytesMin > frameBytesMax || random() % 5 == 0) {
        const std::size_t wrong =
            random() % 2 == 0 ? random() % frameBytesMin : frameBytesMax + 1 + random() % 1000;
        appendFramed(Bytes(wrong), &stream);
        refused++;
        continue;
      }
      sent.push_back(std::string(length, static_cast<char>('a' + i)));
      appendFramed(frame(sent.back()), &stream);
    }
    FrameReader reader;
    for (View rest = stream; !rest.empty();) {
      const std::size_t piece =
          std::min<std::size_t>(rest.size(), random() % 3 == 0 ? 1 : 1 + random() % 9000);
      reader.read(rest.first(piece), [&](View frame) { got.push_back(textOf(frame)); });
      rest = rest.subspan(piece);
    }
    REQUIRE(got == sent);
    REQUIRE(reader.refused() == refused);
    REQUIRE(reader.between());
  }
}

TEST_CASE("vm: a frame of the guest is for the station that it names, or for all") {
  CHECK(receiversOf(frameTo(stationMac(1), "x")) == Slots(2));
  CHECK(receiversOf(frameTo(stationMac(8), "x")) == Slots(256));
  CHECK(receiversOf(frameTo({}, "x")).none());
  const std::byte one{0xff};
  CHECK(receiversOf(frameTo({one, one, one, one, one, one}, "x")).all());
}

TEST_CASE("vm: the ports of a fragment that has none are not read from its payload") {
  Bytes first = udpFrame(53, "one"), later = udpFrame(53, "two");
  CHECK(flowOf(first).fromPort == 53);
  CHECK(flowOf(first) != flowOf(udpFrame(54, "one")));
  later[frameBytesMin + 7] = std::byte{1};
  CHECK(flowOf(later).fromPort == 0);
  for (std::size_t length = frameBytesMin; length < first.size(); length++) flowOf(View(first).first(length));
}

TEST_CASE("vm: what no member writes is no entry") {
  const Bytes good = batch(1, 2, 1, {"a", "b"});
  REQUIRE(decode(good));
  for (std::size_t length = 0; length < good.size(); length++) {
    const bool whole = length == inputsHeaderBytes + 4 + frame("a").size();
    CHECK(decode(View(good).first(length)).has_value() == whole);
  }
  Bytes slot = good, kind = good, sequence = batch(1, 2, 0, {"a"}), longer = encode(Cut{1});
  slot[1] = std::byte{9};
  kind[0] = std::byte{77};
  longer.push_back({});
  for (const Bytes& wrong : {slot, kind, sequence, longer}) CHECK_FALSE(decode(wrong));
  CHECK(std::get<Roles>(*decode(encode(Roles{3, 4, 5}))) == Roles{3, 4, 5});
}

TEST_CASE("vm: frames are taken once and in their member's order, however often they are sent") {
  Order order;
  CHECK(applied(order, batch(0, 1, 1, {"a", "b"})) == Texts{"a", "b"});
  CHECK(applied(order, batch(0, 1, 1, {"a", "b", "c"})) == Texts{"c"});
  CHECK(applied(order, batch(0, 1, 6, {"f"})) == Texts{});  // d and e are missing yet
  CHECK(applied(order, batch(1, 2, 1, {"x"})) == Texts{"x"});
  CHECK(applied(order, batch(0, 1, 4, {"d", "e", "f"})) == Texts{"d", "e", "f"});
  CHECK(order.lastOf(0, 1) == 6);
}

TEST_CASE("vm: a new member of a slot begins anew, and its predecessor is heard no more") {
  Order order;
  applied(order, batch(0, 1, 1, {"a", "b"}));
  CHECK(applied(order, batch(0, 4, 1, {"new"})) == Texts{"new"});
  CHECK(applied(order, batch(0, 1, 2, {"late"})) == Texts{});
  CHECK(order.lastOf(0, 1) == 0);
  CHECK(order.lastOf(0, 4) == 1);
}

TEST_CASE("vm: of two changes of roles in one epoch the first holds") {
  Order order;
  const auto ignore = [](View) {};
  CHECK(order.apply(encode(Roles{1, 1, 0}), ignore));
  CHECK_FALSE(order.apply(encode(Roles{1, 2, 0}), ignore));
  CHECK_FALSE(order.apply(encode(Roles{3, 2, 0}), ignore));
  CHECK(order.apply(encode(Roles{2, 1, 2}), ignore));
  CHECK(order.roles() == Roles{2, 1, 2});
}

TEST_CASE("vm: a member that joins with the state goes on as those that applied all entries") {
  Order order, joiner;
  applied(order, batch(0, 1, 1, {"a"}));
  applied(order, batch(2, 3, 1, {"b", "c"}));
  order.apply(encode(Roles{1, 1, 2}), [](View) {});
  REQUIRE(joiner.restore(order.state()));
  CHECK(joiner.state() == order.state());
  CHECK(applied(joiner, batch(2, 3, 2, {"c", "d"})) == Texts{"d"});
  CHECK(joiner.roles() == Roles{1, 1, 2});
  CHECK_FALSE(joiner.restore(bytesOf("short")));
}

TEST_CASE("vm: through lost batches and changes of the leader the log gets every input once, in order") {
  const std::uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  UnconfirmedInputs inputs(1, 2);
  Order order;
  Texts got;
  int sent = 0;
  for (int step = 0; step < 5000 || (!inputs.empty() && step < 50'000); step++) {
    if (step < 5000 && inputs.add(frame(std::to_string(sent)))) sent++;
    if (random() % 10 == 0 || step >= 5000) inputs.sendAgain();
    const Bytes entry = inputs.takeBatch();
    if (entry.empty() || random() % 4 == 0) continue;  // lost on its way to the log
    for (const std::string& text : applied(order, entry)) got.push_back(text);
    if (random() % 3 != 0) inputs.confirmed(order.lastOf(1, 2));
  }
  REQUIRE(got.size() == static_cast<std::size_t>(sent));
  for (int i = 0; i < sent; i++) REQUIRE(got[static_cast<std::size_t>(i)] == std::to_string(i));
}

TEST_CASE("vm: inputs are sent again under a new leader, and when that has named the primary") {
  UnconfirmedInputs inputs(1, 2);
  inputs.add(frame("asked"));
  const auto sends = [&] { return !inputs.takeBatch().empty(); };
  inputs.ledIn(1, 1);
  CHECK(sends());
  inputs.ledIn(1, 1);
  CHECK_FALSE(sends());
  inputs.ledIn(2, 1);  // who is elected may refuse what comes before it knows
  CHECK(sends());
  inputs.ledIn(2, 2);
  CHECK(sends());
  inputs.confirmed(1);
  inputs.ledIn(3, 3);
  CHECK_FALSE(sends());
}

TEST_CASE("vm: inputs that nobody takes are bounded, and the sequence has no holes") {
  UnconfirmedInputs inputs(0, 1);
  const Bytes large = frame(std::string(frameBytesMax - frameBytesMin, 'x'));
  std::uint64_t taken = 0;
  while (inputs.add(large)) taken++;
  CHECK(taken == UnconfirmedInputs::bytesMax / frameBytesMax);
  CHECK(inputs.lost() == 1);
  CHECK_FALSE(inputs.add(Bytes(frameBytesMax + 1)));
  CHECK_FALSE(inputs.add(Bytes(frameBytesMin - 1)));
  Order order;
  for (Bytes entry; !(entry = inputs.takeBatch()).empty();) {
    CHECK(entry.size() <= UnconfirmedInputs::batchBytesMax + 64);
    order.apply(entry, [](View) {});
  }
  CHECK(order.lastOf(0, 1) == taken);
}

TEST_CASE("vm: of bare acknowledgements that wait to be sent the last of each flow says all") {
  UnconfirmedInputs inputs(1, 2);
  Order order;
  const auto taken = [&] {
    std::vector<Bytes> frames;
    const Bytes entry = inputs.takeBatch();
    if (!entry.empty())
      order.apply(entry, [&](View frame) { frames.emplace_back(frame.begin(), frame.end()); });
    return frames;
  };
  const auto acknowledgement = [](std::uint32_t until, std::uint16_t varying = 0) {
    return tcpFrame(50, until, "", tcpAck, varying);
  };
  inputs.add(acknowledgement(10));
  inputs.add(udpFrame(1, "of another flow"));
  inputs.add(acknowledgement(30, 1));
  inputs.add(acknowledgement(30, 2));  // says it again: a segment is missed
  inputs.add(acknowledgement(20, 3));  // is late
  CHECK(taken() == std::vector<Bytes>{acknowledgement(30, 1), udpFrame(1, "of another flow"),
                                      acknowledgement(30, 2), acknowledgement(20, 3)});
  inputs.add(acknowledgement(40));
  inputs.add(tcpFrame(50, 40, "data"));
  inputs.add(acknowledgement(60));
  inputs.add(tcpFrame(54, 60, "", tcpAck | tcpFin));
  inputs.add(acknowledgement(70));
  CHECK(taken().size() == 5);
  inputs.sendAgain();  // the log may have them, so none of them changes any more
  inputs.add(acknowledgement(80));
  inputs.add(acknowledgement(90));
  CHECK(taken() == std::vector<Bytes>{acknowledgement(90)});
  CHECK(order.lastOf(1, 2) == 10);
}

TEST_CASE("vm: an acknowledgement behind the wrap of sequence numbers is newer") {
  UnconfirmedInputs inputs(1, 2);
  inputs.add(tcpFrame(50, 0xFFFFFFF0, ""));
  inputs.add(tcpFrame(50, 5, ""));
  CHECK(inputs.takeBatch().size() == inputsHeaderBytes + 4 + tcpFrame(50, 5, "").size());
}

TEST_CASE("vm: a station takes answers to its clients, and nothing that a guest begins") {
  StationFilter filter(0);
  Bytes answer = udpFrame(7, "answer");  // from the guest's port 7 to port 0 of the station
  CHECK_FALSE(filter.admits(answer));    // its address is none
  answer[frameBytesMin + 16] = std::byte{10};
  answer[frameBytesMin + 18] = answer[frameBytesMin + 19] = std::byte{2};
  CHECK_FALSE(filter.admits(answer));  // nobody has asked
  Bytes request = udpFrame(0, "request");
  request[frameBytesMin + 23] = std::byte{7};
  filter.sent(request);
  CHECK(filter.admits(answer));
  CHECK_FALSE(StationFilter(1).admits(answer));

  Bytes segment = answer;
  segment[frameBytesMin + 9] = std::byte{6};
  segment.resize(segment.size() + 20);
  for (const auto& [flags, taken] : {std::pair{0x02, false}, {0x12, true}, {0x10, true}, {0x04, true}}) {
    segment[frameBytesMin + 20 + 13] = static_cast<std::byte>(flags);
    CHECK(filter.admits(segment) == taken);
  }
  segment[frameBytesMin + 7] = std::byte{1};
  CHECK_FALSE(filter.admits(segment));  // a fragment
  Bytes icmp = answer;
  icmp[frameBytesMin + 9] = std::byte{1};
  CHECK_FALSE(filter.admits(icmp));
  for (std::size_t length = frameBytesMin; length < segment.size(); length++)
    filter.admits(View(segment).first(length));
}

TEST_CASE("vm: a station remembers a bounded number of clients, the newest") {
  StationFilter filter(0);
  for (std::uint16_t port = 1; port <= StationFilter::clientsMax + 1; port++)
    filter.sent(udpFrame(port, "x"));
  Bytes answer = udpFrame(0, "answer");
  answer[frameBytesMin + 16] = std::byte{10};
  answer[frameBytesMin + 18] = answer[frameBytesMin + 19] = std::byte{2};
  const auto answers = [&](std::uint16_t port) {
    answer[frameBytesMin + 22] = static_cast<std::byte>(port >> 8);
    answer[frameBytesMin + 23] = static_cast<std::byte>(port);
    return filter.admits(answer);
  };
  CHECK_FALSE(answers(1));
  CHECK(answers(2));
  CHECK(answers(StationFilter::clientsMax + 1));
}
