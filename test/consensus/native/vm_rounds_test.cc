// When a primary begins a round.
#include <doctest/doctest.h>

#include "vm/rounds.h"

using gaia::vm::Rounds;

namespace {

constexpr std::uint64_t ms = 1'000'000;

// A log, two guests and a QEMU that do what is to be done when the test says so.
struct Session {
  Rounds::Step pass(std::uint64_t milliseconds) { return rounds.step(now, nowNs += milliseconds * ms); }
  Session() { rounds.wish("seed"); }
  void end() {
    now = {.asked = true, .round = rounds.number()};
  }
  // From the cut to the end of a round that is wanted already.
  std::string round() {
    REQUIRE(pass(0) == Rounds::Step::cut);
    now.asked = true;
    now.cut = rounds.number();
    REQUIRE(pass(1) == Rounds::Step::none);
    now.drained = true;
    REQUIRE(pass(1) == Rounds::Step::begin);
    now = {.round = now.round};
    REQUIRE(pass(1) == Rounds::Step::none);
    end();
    return rounds.trigger();
  }
  Rounds rounds;
  Rounds::Now now{.asked = true};
  std::uint64_t nowNs = 1'000'000 * ms;
};

}  // namespace

TEST_CASE("vm rounds: the first ends the seed; later ones begin when one is wanted, or from time to time") {
  Session session;
  CHECK(session.round() == "seed");
  CHECK(session.pass(1) == Rounds::Step::none);
  CHECK(session.pass(499) == Rounds::Step::none);
  session.now.wanted = "idle";
  CHECK(session.round() == "idle");
  CHECK(session.now.round == 2);
  CHECK(session.pass(0) == Rounds::Step::none);
  CHECK(session.pass(499) == Rounds::Step::none);
  session.nowNs += ms;
  CHECK(session.round() == "time");
}

TEST_CASE("vm rounds: the first begins by order alone, whatever is wanted and for however long") {
  Session session;
  session.rounds.wish("");
  session.now.wanted = "idle";
  CHECK(session.pass(60'000) == Rounds::Step::none);
  session.rounds.wish("seed");
  CHECK(session.round() == "seed");
}

TEST_CASE("vm rounds: none begins before QEMU has asked for it") {
  Session session;
  session.round();
  session.now.asked = false;
  session.now.wanted = "full";
  CHECK(session.pass(1000) == Rounds::Step::none);
  session.now.asked = true;
  CHECK(session.round() == "full");
}

TEST_CASE("vm rounds: an operator's is the next that begins, and none follows one for a fail-over at once") {
  Session session;
  session.round();
  session.now.wanted = "idle";
  REQUIRE(session.pass(1) == Rounds::Step::cut);
  session.rounds.wish("operator");  // that one began before
  session.now.cut = 2, session.now.drained = true;
  REQUIRE(session.pass(1) == Rounds::Step::begin);
  session.end();
  CHECK(session.round() == "operator");
  session.rounds.wish("failover");
  CHECK(session.round() == "failover");
  session.now.wanted = "idle";
  CHECK(session.pass(0) == Rounds::Step::none);
  CHECK(session.pass(4999) == Rounds::Step::none);
  session.nowNs += ms;
  CHECK(session.round() == "idle");
}

TEST_CASE("vm rounds: a cut that the log does not take comes again, and a round that does not end is given up") {
  Session session;
  REQUIRE(session.pass(0) == Rounds::Step::cut);
  CHECK(session.pass(499) == Rounds::Step::none);
  CHECK(session.pass(1) == Rounds::Step::cut);
  CHECK(session.rounds.waitsFor(session.now) == "round 1 has not ended within 30 s: the log has no cut for it");
  session.now.cut = 1;
  CHECK(session.pass(29'000) == Rounds::Step::none);
  CHECK(session.rounds.waitsFor(session.now).ends_with(": a guest has not taken the inputs before its cut"));
  session.now.drained = true;
  CHECK(session.pass(0) == Rounds::Step::begin);
  CHECK(session.rounds.waitsFor(session.now) == "round 1 has not ended within 30 s");
  CHECK(session.pass(501) == Rounds::Step::giveUp);
}
