// The program's threads as this library keeps them; thread 0 has started the program.
#pragma once
#include <pthread.h>
#include <sys/types.h>

#include <atomic>
#include <cstdint>

#include "schedule.h"
#include "turns.h"

namespace gaia::interpose {

// What a thread is given the token for: to run, or to obtain the next turn while it goes on waiting.
enum class Order : int { none, run, conduct };

struct ProgramThread {
  void* (*run)(void*) = nullptr;
  void* argument = nullptr;
  std::atomic<int> order{0};
  std::atomic<pid_t> kernelId{0};
  pthread_t handle = 0;
  bool ended = false;
  std::atomic<bool> returned{false};  // it was away and waits to run
  WaitSet waitSet;
  std::uint64_t blockedSignals = 0;
  std::uint64_t awaitedSignals = 0;  // while it waits for signals
  bool* inTurn = nullptr;  // its thread-local variables, for the thread that watches
  bool* away = nullptr;

  void begin(void* (*of)(void*), void* with) {
    run = of;
    argument = with;
    order.store(0);
    kernelId.store(0);
    handle = 0;
    inTurn = away = nullptr;
    ended = false;
    returned.store(false);
  }
};

struct ThreadTable {
  Schedule schedule;
  ProgramThread threads[Schedule::threadsMax];
  int holder = 0;               // of the token; -1: nobody, all are away
  std::uint64_t steps = 0;  // waits and hand-overs: whether the holder gets on

  // In a fork child.
  void keepOnly(int thread);
};

ThreadTable& threadTable();

inline constexpr char eventsCause = 0;  // what threads in an event wait wait for
inline constexpr char signalsCause = 0;  // likewise for signals
inline bool waitsForEvents(int id) { return threadTable().schedule.waitsFor(id, &eventsCause); }

// For the thread that watches: takes the token from who holds it. False: nobody else has a use for it.
bool takeToken();

}  // namespace gaia::interpose
