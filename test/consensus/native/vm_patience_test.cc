// How long answers wait for a round while the backup's guest sleeps.
#include <doctest/doctest.h>

#include "vm/answer_patience.h"

using namespace gaia::vm;

namespace {

using Want = OutputGuard::Want;
constexpr std::uint64_t nowNs = 1'000'000'000;

void begin(AnswerPatience& patience, int rounds, Want why, std::uint64_t atNs = nowNs) {
  for (int i = 0; i < rounds; i++) patience.roundBegins(why, atNs);
}

}  // namespace

TEST_CASE("vm: answers wait long for a guest that comes to rest") {
  AnswerPatience patience;
  CHECK(patience.ns(nowNs) == AnswerPatience::longNs);
  for (int i = 0; i < 10; i++) {
    begin(patience, AnswerPatience::vainRoundsMax - 1, Want::waiting);
    begin(patience, 1, Want::idle);
  }
  CHECK(patience.ns(nowNs) == AnswerPatience::longNs);
}

TEST_CASE("vm: answers wait shortly for a guest that did not rest in rounds in a row, and then it is tried again") {
  AnswerPatience patience;
  begin(patience, AnswerPatience::vainRoundsMax - 1, Want::waiting);
  begin(patience, 3, Want::full);  // that says nothing of rest
  begin(patience, 3, Want::mismatch);
  begin(patience, 3, Want::nothing);
  CHECK(patience.ns(nowNs) == AnswerPatience::longNs);
  begin(patience, 1, Want::waiting);
  CHECK(patience.ns(nowNs) == AnswerPatience::shortNs);

  const std::uint64_t triedNs = nowNs + AnswerPatience::shortForNs;
  begin(patience, 100, Want::waiting, triedNs - 1);  // they waited shortly: that says nothing of rest either
  CHECK(patience.ns(triedNs - 1) == AnswerPatience::shortNs);
  CHECK(patience.ns(triedNs) == AnswerPatience::longNs);
  begin(patience, AnswerPatience::vainRoundsMax / 2 - 1, Want::waiting, triedNs);
  CHECK(patience.ns(triedNs) == AnswerPatience::longNs);
  begin(patience, 1, Want::waiting, triedNs);  // half as many show that it is so still
  CHECK(patience.ns(triedNs) == AnswerPatience::shortNs);
}

TEST_CASE("vm: a guest that rests while answers wait shortly is waited for as patiently as ever, once that is tried") {
  AnswerPatience patience;
  begin(patience, AnswerPatience::vainRoundsMax, Want::waiting);
  begin(patience, 1, Want::idle);
  const std::uint64_t triedNs = nowNs + AnswerPatience::shortForNs;
  begin(patience, AnswerPatience::vainRoundsMax - 1, Want::waiting, triedNs);
  CHECK(patience.ns(triedNs) == AnswerPatience::longNs);
}
