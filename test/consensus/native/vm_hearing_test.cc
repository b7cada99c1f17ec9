#include <doctest/doctest.h>

#include "vm/hearing.h"

namespace gaia::vm {
namespace {

constexpr std::uint64_t ms = 1'000'000;

TEST_CASE("vm: a station that hears no answer asks by ARP each second, and tells after five") {
  Hearing hearing;
  hearing.heard();
  CHECK(!hearing.asks(9000 * ms));
  CHECK(hearing.unheardNs(9000 * ms) == 0);
  hearing.spoke(10'000 * ms);
  hearing.spoke(10'900 * ms);
  CHECK(!hearing.asks(9999 * ms));  // the loop's time is older than what it does
  CHECK(!hearing.asks(10'999 * ms));
  CHECK(hearing.asks(11'000 * ms));
  hearing.spoke(11'000 * ms);  // the request itself
  CHECK(!hearing.asks(11'999 * ms));
  CHECK(hearing.asks(12'000 * ms));
  CHECK(hearing.unheardNs(14'999 * ms) == 0);
  CHECK(hearing.unheardNs(15'000 * ms) == 5000 * ms);
  hearing.heard();
  CHECK(!hearing.asks(20'000 * ms));
  CHECK(hearing.unheardNs(20'000 * ms) == 0);
}

TEST_CASE("vm: a station that never heard the guest asks as soon, and tells when that must have booted") {
  Hearing hearing;
  hearing.spoke(10'000 * ms);
  CHECK(hearing.asks(11'000 * ms));
  CHECK(hearing.unheardNs(129'999 * ms) == 0);
  CHECK(hearing.unheardNs(130'000 * ms) == 120'000 * ms);
  hearing.heard();
  hearing.spoke(140'000 * ms);
  CHECK(hearing.unheardNs(145'000 * ms) == 5000 * ms);
}

TEST_CASE(
    "vm: a station asks everybody who has the guest's address, in a frame of a network's least length") {
  const Bytes frame = arpRequest(1);
  REQUIRE(frame.size() == 60);
  CHECK(receiversOf(frame).all());
  const Flow flow = flowOf(frame);
  CHECK(flow.type == 0x0806);
  CHECK(flow.source == stationMac(1));
  const std::array<std::uint8_t, 8> request{0, 1, 8, 0, 6, 4, 0, 1};
  const auto octets = [&](std::size_t from) { return std::to_integer<int>(frame[from]); };
  for (std::size_t i = 0; i < request.size(); i++) CHECK(octets(14 + i) == request[i]);
  for (std::size_t i = 0; i < 4; i++) {
    CHECK(octets(28 + i) == stationAddress(1)[i]);
    CHECK(octets(38 + i) == guestAddress[i]);
  }
}

}  // namespace
}  // namespace gaia::vm
