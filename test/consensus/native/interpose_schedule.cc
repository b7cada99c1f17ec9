#include <doctest/doctest.h>

#include "interpose/schedule.cc"
#include "interpose/schedule.h"

using namespace gaia::interpose;

namespace {
const char lock = 0, condition = 0;

Schedule withThreads(int count) {
  Schedule schedule;
  for (int i = 0; i < count; ++i) CHECK(schedule.add() == i);
  return schedule;
}
}  // namespace

TEST_CASE("threads run in the order in which they could run, one at a time") {
  Schedule schedule = withThreads(3);
  CHECK(schedule.takeNext() == 0);
  schedule.block(0, &lock, {});
  CHECK(schedule.takeNext() == 1);
  schedule.yield(1);
  CHECK(schedule.takeNext() == 2);
  CHECK(schedule.wakeOne(&lock));
  schedule.block(2, &condition, {});
  CHECK(schedule.takeNext() == 1);
  schedule.block(1, &condition, {});
  CHECK(schedule.takeNext() == 0);
  schedule.block(0, &lock, {});
  CHECK(schedule.takeNext() == -1);
}

TEST_CASE("who waits longest is woken first, and only for what it waits for") {
  Schedule schedule = withThreads(3);
  for (int thread : {2, 0, 1}) schedule.block(thread, thread == 1 ? &lock : &condition, {});
  CHECK(schedule.wakeOne(&condition));
  CHECK(schedule.takeNext() == 2);
  schedule.wakeAll(&condition);
  CHECK(schedule.takeNext() == 0);
  CHECK_FALSE(schedule.wakeOne(&condition));
  CHECK(schedule.waitsFor(1, &lock));
}

TEST_CASE("a deadline is met by either clock, and the wait knows why it ended") {
  Schedule schedule = withThreads(3);
  schedule.block(0, &lock, {never, 1000});
  schedule.block(1, &lock, {5000, never});
  schedule.block(2, &lock, {});
  CHECK(schedule.leftNs({4200, 100}) == 800);
  CHECK(schedule.leftNs({4800, 100}) == 200);
  schedule.wakeDue({4800, 999});
  CHECK(schedule.takeNext() == -1);
  schedule.wakeDue({4800, 1000});
  CHECK(schedule.takeNext() == 0);
  CHECK(schedule.timedOut(0));
  schedule.wakeDue({5000, 1001});
  CHECK(schedule.takeNext() == 1);
  CHECK(schedule.leftNs({9000, 9000}) == never);
  schedule.wakeOne(&lock);
  CHECK(schedule.takeNext() == 2);
  CHECK_FALSE(schedule.timedOut(2));
}

TEST_CASE("who is away runs again only when it is said") {
  Schedule schedule = withThreads(2);
  CHECK(schedule.takeNext() == 0);
  schedule.sendAway(0);
  schedule.wakeAll(nullptr);
  CHECK(schedule.takeNext() == 1);
  schedule.block(1, &lock, {});
  CHECK(schedule.takeNext() == -1);
  schedule.wake(0);
  CHECK(schedule.takeNext() == 0);
}

TEST_CASE("numbers of ended threads are used again, lowest first, and there is a limit") {
  Schedule schedule = withThreads(Schedule::threadsMax);
  CHECK(schedule.add() == -1);
  schedule.remove(7);
  schedule.remove(3);
  CHECK(schedule.count() == Schedule::threadsMax - 2);
  CHECK(schedule.add() == 3);
  CHECK(schedule.add() == 7);
  for (int thread = 1; thread < Schedule::threadsMax; ++thread) schedule.remove(thread);
  CHECK(schedule.end() == 1);
}
