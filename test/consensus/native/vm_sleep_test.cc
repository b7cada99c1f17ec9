// When the backup's guest runs between rounds, and when it sleeps.
#include <doctest/doctest.h>

#include "vm/backup_sleep.h"

using namespace gaia::vm;

namespace {

constexpr std::uint64_t nowNs = 1'000'000'000;

}  // namespace

TEST_CASE("vm: a backup's guest sleeps after rounds in a row that most of the output had to wait for") {
  BackupSleep sleep;
  for (int i = 1; i < BackupSleep::uselessRoundsMax; i++) sleep.roundEnded(false, 30, 10, nowNs);
  CHECK_FALSE(sleep.sleeps(nowNs));
  sleep.roundEnded(false, 40, 10, nowNs);  // most of it left without
  for (int i = 1; i < BackupSleep::uselessRoundsMax; i++) sleep.roundEnded(false, 0, 20, nowNs);
  sleep.roundEnded(false, 0, 0, nowNs);  // nothing was said: that tells nothing
  CHECK_FALSE(sleep.sleeps(nowNs));
  sleep.roundEnded(false, 0, 20, nowNs);
  CHECK(sleep.sleeps(nowNs));
}

TEST_CASE("vm: few frames tell nothing of the use of a backup's guest, until there are enough of them") {
  BackupSleep sleep;
  for (int i = 0; i < 10; i++) {  // each begins a connection, which takes a round, and goes on in accord
    sleep.roundEnded(false, 0, 1, nowNs);
    sleep.roundEnded(false, 14, 0, nowNs);
  }
  CHECK_FALSE(sleep.sleeps(nowNs));
  BackupSleep others;
  for (std::uint64_t i = 0; i < BackupSleep::uselessRoundsMax * BackupSleep::answersMin; i++) {
    CHECK_FALSE(others.sleeps(nowNs));
    others.roundEnded(false, 0, 1, nowNs);
  }
  CHECK(others.sleeps(nowNs));
}

TEST_CASE(
    "vm: a backup's guest that has slept is tried again, and one round shows that it is of no use yet") {
  BackupSleep sleep;
  for (int i = 0; i < BackupSleep::uselessRoundsMax; i++) sleep.roundEnded(false, 0, 20, nowNs);
  const std::uint64_t wakesNs = nowNs + BackupSleep::sleepNs;
  sleep.roundEnded(true, 0, 100, wakesNs - 1);
  CHECK(sleep.sleeps(wakesNs - 1));
  CHECK_FALSE(sleep.sleeps(wakesNs));
  sleep.roundEnded(true, 0, 100, wakesNs);  // it slept: that says nothing of its use
  CHECK_FALSE(sleep.sleeps(wakesNs));
  sleep.roundEnded(false, 0, 100, wakesNs);
  CHECK(sleep.sleeps(wakesNs));
  sleep.roundEnded(false, 400, 100, 2 * wakesNs);
  sleep.roundEnded(false, 0, 100, 2 * wakesNs);
  CHECK_FALSE(sleep.sleeps(2 * wakesNs));
}
