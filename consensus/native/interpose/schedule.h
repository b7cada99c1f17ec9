// Which of the program's threads runs next. Only one runs at a time; it runs until it waits, and what follows depends on
// nothing but what the threads did and what the log said. So the order in which threads run is equal on all replicas
// without being logged.
#pragma once
#include <cstdint>

#include "clock.h"

namespace gaia::interpose {

constexpr std::uint64_t never = ~std::uint64_t{0};

// When a wait ends at the latest, by one of the program's clocks.
struct Deadline {
  std::uint64_t realtimeNs = never;
  std::uint64_t monotonicNs = never;
};

class Schedule {
 public:
  static constexpr int threadsMax = 512;

  // The lowest free number, of a thread that can run; -1 when there is none.
  int add();
  void remove(int thread);

  // The running thread waits for `cause` (any address) or for the deadline.
  void block(int thread, const void* cause, const Deadline& deadline);
  // The running thread lets others run first.
  void yield(int thread);
  // The running thread is somewhere where it cannot be ordered; wake() brings it back.
  void sendAway(int thread) { threads_[thread].state = State::away; }

  void wake(int thread);
  bool wakeOne(const void* cause);  // who has waited longest
  void wakeAll(const void* cause);
  void wakeDue(const ClockReading& now);

  // Who has been able to run for longest, and runs from here on; -1: nobody can.
  int takeNext();

  bool exists(int thread) const { return threads_[thread].state != State::unused; }
  bool waits(int thread) const { return threads_[thread].state == State::waiting; }
  bool waitsFor(int thread, const void* cause) const { return waits(thread) && threads_[thread].cause == cause; }
  bool isRunnable(int thread) const { return threads_[thread].state == State::runnable; }
  bool isAway(int thread) const { return threads_[thread].state == State::away; }
  bool anyRunnable() const;
  bool timedOut(int thread) const { return threads_[thread].timedOut; }
  // Until the first deadline; `never` without one.
  std::uint64_t leftNs(const ClockReading& now) const;
  int end() const { return end_; }  // one past the highest number in use
  int count() const { return count_; }

 private:
  enum class State : std::uint8_t { unused, runnable, running, waiting, away };
  struct Thread {
    State state = State::unused;
    bool timedOut = false;
    const void* cause = nullptr;
    Deadline deadline;
    std::uint64_t since = 0;  // place in the order of those in the same state
  };
  void enqueue(Thread& thread, State state);

  Thread threads_[threadsMax];
  std::uint64_t steps_ = 0;
  int end_ = 0, count_ = 0;
};

}  // namespace gaia::interpose
