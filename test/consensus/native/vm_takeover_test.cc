#include <doctest/doctest.h>

#include "vm/takeover.h"

namespace gaia::vm {
namespace {

constexpr std::uint64_t ms = 1'000'000;

TEST_CASE("vm: a takeover is told part by part, once, since the former primary was heard") {
  TakeoverWatch watch;
  CHECK(!watch.output(990 * ms));
  watch.sees(true, false, 1000 * ms, 1000 * ms);
  watch.sees(false, false, 1010 * ms, 1160 * ms);
  watch.sees(false, false, 1010 * ms, 1165 * ms);
  watch.sees(false, true, 1010 * ms, 1170 * ms);
  watch.sees(false, true, 1010 * ms, 1172 * ms);
  watch.becamePrimary(7, 1174 * ms);
  CHECK(watch.output(1180 * ms) == Takeover{7, 150, 160, 164, 170});
  CHECK(!watch.output(1181 * ms));
}

TEST_CASE("vm: a primary that leads again was not taken over from") {
  TakeoverWatch watch;
  watch.sees(false, false, 1000 * ms, 1100 * ms);
  watch.sees(true, false, 1200 * ms, 1200 * ms);
  watch.sees(false, true, 1500 * ms, 1600 * ms);
  watch.becamePrimary(3, 1601 * ms);
  CHECK(watch.output(1602 * ms) == Takeover{3, 100, 100, 101, 102});
}

TEST_CASE("vm: a takeover of one that was never heard, or that was ordered, begins when it is seen") {
  TakeoverWatch watch;
  watch.sees(false, true, 0, 1600 * ms);
  watch.becamePrimary(2, 1601 * ms);
  CHECK(watch.output(1604 * ms) == Takeover{2, 0, 0, 1, 4});
  watch.becamePrimary(4, 1700 * ms);
  CHECK(watch.output(1703 * ms) == Takeover{4, 0, 0, 0, 3});
}

}  // namespace
}  // namespace gaia::vm
