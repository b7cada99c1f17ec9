// Whether a process rests, seen from outside.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <thread>

#include "group.h"
#include "vm/guest_rest.h"

using namespace gaia;

namespace {

bool soon(const std::function<bool()>& condition) { return test::eventually(condition, 5000); }

struct Child {
  pid_t process;
  explicit Child(void (*work)()) : process(fork()) {
    if (process == 0) work(), _exit(0);
  }
  ~Child() {
    kill(process, SIGKILL);
    waitpid(process, nullptr, 0);
  }
};

void compute() {
  for (volatile unsigned turns = 0;;) turns = turns + 1;
}

}  // namespace

TEST_CASE("vm rest: a process rests while all its threads sleep, and not while one computes") {
  vm::GuestRest rest;
  const Child sleeper([] { pause(); });
  CHECK(soon([&] { return rest.rests(sleeper.process); }));
  const Child worker([] {
    std::thread(compute).detach();
    pause();
  });
  CHECK(soon([&] { return !rest.rests(worker.process); }));
  for (int look = 0; look < 100; look++) REQUIRE(!rest.rests(worker.process));
  CHECK(soon([&] { return rest.rests(sleeper.process); }));
}

TEST_CASE("vm rest: a process that is gone rests") {
  pid_t gone = 0;
  {
    const Child child(compute);
    gone = child.process;
  }
  CHECK(vm::GuestRest().rests(gone));
}
