#include "schedule.h"

#include <algorithm>

namespace gaia::interpose {

namespace {
bool isDue(const Deadline& deadline, const ClockReading& now) {
  return now.realtimeNs >= deadline.realtimeNs || now.monotonicNs >= deadline.monotonicNs;
}

std::uint64_t until(std::uint64_t deadlineNs, std::uint64_t nowNs) {
  if (deadlineNs == never) return never;
  return deadlineNs > nowNs ? deadlineNs - nowNs : 0;
}
}  // namespace

void Schedule::enqueue(Thread& thread, State state) {
  thread.state = state;
  thread.since = ++steps_;
}

int Schedule::add() {
  for (int id = 0; id < threadsMax; ++id) {
    if (threads_[id].state != State::unused) continue;
    threads_[id].timedOut = false;
    enqueue(threads_[id], State::runnable);
    end_ = std::max(end_, id + 1);
    ++count_;
    return id;
  }
  return -1;
}

void Schedule::remove(int thread) {
  threads_[thread].state = State::unused;
  while (end_ > 0 && threads_[end_ - 1].state == State::unused) --end_;
  --count_;
}

void Schedule::block(int thread, const void* cause, const Deadline& deadline) {
  threads_[thread].cause = cause;
  threads_[thread].deadline = deadline;
  threads_[thread].timedOut = false;
  enqueue(threads_[thread], State::waiting);
}

void Schedule::yield(int thread) { enqueue(threads_[thread], State::runnable); }

void Schedule::wake(int thread) { enqueue(threads_[thread], State::runnable); }

bool Schedule::wakeOne(const void* cause) {
  int first = -1;
  for (int id = 0; id < end_; ++id)
    if (waitsFor(id, cause) && (first < 0 || threads_[id].since < threads_[first].since)) first = id;
  if (first >= 0) wake(first);
  return first >= 0;
}

void Schedule::wakeAll(const void* cause) {
  while (wakeOne(cause)) continue;
}

void Schedule::wakeDue(const ClockReading& now) {
  for (int id = 0; id < end_; ++id) {
    if (!waits(id) || !isDue(threads_[id].deadline, now)) continue;
    threads_[id].timedOut = true;
    wake(id);
  }
}

int Schedule::takeNext() {
  int next = -1;
  for (int id = 0; id < end_; ++id)
    if (threads_[id].state == State::runnable && (next < 0 || threads_[id].since < threads_[next].since)) next = id;
  if (next >= 0) threads_[next].state = State::running;
  return next;
}

bool Schedule::anyRunnable() const {
  for (int id = 0; id < end_; ++id)
    if (isRunnable(id)) return true;
  return false;
}

std::uint64_t Schedule::leftNs(const ClockReading& now) const {
  std::uint64_t least = never;
  for (int id = 0; id < end_; ++id) {
    if (!waits(id)) continue;
    least = std::min(least, until(threads_[id].deadline.realtimeNs, now.realtimeNs));
    least = std::min(least, until(threads_[id].deadline.monotonicNs, now.monotonicNs));
  }
  return least;
}

}  // namespace gaia::interpose
