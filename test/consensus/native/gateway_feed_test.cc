// When a server behind a gateway gets its next input, and what it is told.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <fstream>

#include "gateway/pace.h"
#include "gateway/process_look.h"
#include "gateway/program.h"
#include "gateway/socket.h"
#include "gateway/socket_queues.h"
#include "transport/sys.h"

using namespace gaia::gateway;

namespace {

constexpr Look resting{true, true, 0};
constexpr Look working{false, true, 0};

}  // namespace

TEST_CASE("gateway: a server gets its next input after two looks that found it at rest") {
  Pace pace;
  std::uint64_t nowNs = 1'000'000'000;
  pace.fed(nowNs);
  CHECK_FALSE(pace.looksAt(nowNs));
  nowNs = pace.nextLookNs();
  REQUIRE(pace.looksAt(nowNs));
  pace.looked(resting, nowNs);
  CHECK_FALSE(pace.feeds(nowNs));
  CHECK_FALSE(pace.looksAt(nowNs));
  nowNs = pace.nextLookNs();
  pace.looked(working, nowNs);
  pace.looked(resting, nowNs = pace.nextLookNs());
  CHECK_FALSE(pace.feeds(nowNs));
  pace.looked(resting, nowNs = pace.nextLookNs());
  CHECK(pace.feeds(nowNs));
  CHECK(pace.rests());
  pace.fed(nowNs);
  CHECK_FALSE(pace.feeds(nowNs));
}

TEST_CASE("gateway: a server that works on gets its input after a while, which is counted") {
  Pace pace;
  std::uint64_t nowNs = 5'000'000'000, usedNs = 0;
  pace.fed(nowNs);
  const std::uint64_t before = pace.restlessFeeds();
  const auto works = [&](std::uint64_t forNs) { pace.looked({false, true, usedNs += forNs}, nowNs += forNs); };
  works(Pace::patienceNs - 1);
  CHECK_FALSE(pace.feeds(nowNs));
  works(1);
  for (std::uint32_t i = 0; i < Pace::restlessMax; i++, works(Pace::patienceNs)) {
    REQUIRE(pace.feeds(nowNs));
    pace.fed(nowNs);
    CHECK_FALSE(pace.feeds(nowNs));
  }
  CHECK(pace.restlessFeeds() == before + Pace::restlessMax);
  pace.fed(nowNs);
  works(Pace::shortPatienceNs);
  CHECK(pace.feeds(nowNs));
  pace.looked({true, true, usedNs}, nowNs);
  pace.looked({true, true, usedNs}, nowNs);
  pace.fed(nowNs);
  works(Pace::shortPatienceNs);
  CHECK_FALSE(pace.feeds(nowNs));
}

TEST_CASE("gateway: what continues an input is no impatience with a server that works on it") {
  Pace pace;
  std::uint64_t nowNs = 1'000'000'000;
  pace.looked(resting, nowNs);
  pace.looked(resting, nowNs);
  for (std::uint32_t i = 0; i <= Pace::restlessMax; i++) {
    REQUIRE(pace.rests());
    pace.fed(nowNs);
    pace.fedOn(nowNs);
    CHECK_FALSE(pace.feeds(nowNs));
    pace.looked(resting, nowNs = pace.nextLookNs());
    pace.looked(resting, nowNs = pace.nextLookNs());
  }
  CHECK(pace.restlessFeeds() == 0);
}

TEST_CASE("gateway: a server that waits for a processor or a disk is waited for, though not for ever") {
  Pace pace;
  std::uint64_t nowNs = 5'000'000'000;
  pace.fed(nowNs);
  for (const std::uint64_t endNs = nowNs + Pace::waitNsMax - 1; nowNs < endNs; nowNs += Pace::lookNsMax) {
    pace.looked({false, true, nowNs / 1000}, nowNs);
    REQUIRE_FALSE(pace.feeds(nowNs));
  }
  CHECK(pace.feeds(nowNs + 1));
}

TEST_CASE("gateway: a server that sleeps and leaves its input unread gets the next one after a while") {
  Pace pace;
  std::uint64_t nowNs = 5'000'000'000;
  const std::uint64_t endNs = nowNs + Pace::patienceNs;
  pace.fed(nowNs);
  while (pace.nextLookNs() < endNs) {
    pace.looked({true, false, 0}, nowNs = pace.nextLookNs());
    REQUIRE_FALSE(pace.feeds(nowNs));
  }
  pace.looked({true, false, 0}, endNs + Pace::lookNsMax);
  CHECK(pace.feeds(endNs + Pace::lookNsMax));
  CHECK_FALSE(pace.rests());
}

TEST_CASE("gateway: looks at a server that works for long become rarer") {
  Pace pace;
  pace.fed(0);
  std::uint64_t looks = 0;
  for (std::uint64_t nowNs = 0; nowNs < Pace::patienceNs; nowNs += 10'000) {
    if (!pace.looksAt(nowNs)) continue;
    looks++;
    pace.looked(working, nowNs);
  }
  CHECK(looks < 600);
}

TEST_CASE("gateway: the kernel is asked what a server has not taken yet") {
  SocketQueues queues;
  const int listener = gaia::sys::listenTcp("127.0.0.1", 0);
  const std::uint16_t port = gaia::sys::localPort(listener);
  CHECK(queues.listens(port));
  const int client = connectTo("127.0.0.1", port);
  const std::uint16_t from = gaia::sys::localPort(client);
  CHECK_FALSE(queues.taken(port, from));
  const int server = acceptClient(listener);
  CHECK(queues.taken(port, from));
  const std::byte word{1};
  REQUIRE(write(client, &word, 1) == 1);
  CHECK_FALSE(queues.taken(port, from));
  std::byte got{};
  REQUIRE(read(server, &got, 1) == 1);
  CHECK(queues.taken(port, from));
  for (const int descriptor : {client, server}) close(descriptor);
  gaia::sys::close(listener);
  CHECK_FALSE(queues.listens(port));
}

TEST_CASE("gateway: a program sleeps when all of its processes do, and their processor time is known") {
  int gate[2];
  REQUIRE(pipe(gate) == 0);
  const pid_t parent = fork();
  if (parent == 0) {
    const pid_t child = fork();
    char word;
    if (child == 0) {
      (void)!read(gate[0], &word, 1);  // then it works for ever
      for (;;) std::atomic_signal_fence(std::memory_order_seq_cst);
    }
    waitpid(child, nullptr, 0);
    _exit(0);
  }
  ProcessLook look(parent);
  const auto within = [&](bool wanted) {
    for (int i = 0; i < 5000; i++, gaia::sys::sleepNs(1'000'000))
      if (look.asleep(gaia::sys::nowNs()) == wanted) return true;
    return false;
  };
  CHECK(within(true));
  REQUIRE(write(gate[1], "x", 1) == 1);
  CHECK(within(false));
  gaia::sys::sleepNs(60'000'000);  // all of its processes have been found since
  CHECK_FALSE(look.asleep(gaia::sys::nowNs()));
  const std::uint64_t usedNs = look.usedNs();
  for (int i = 0; i < 5000 && look.usedNs() < usedNs + 20'000'000; i++) gaia::sys::sleepNs(1'000'000);
  CHECK(look.usedNs() >= usedNs + 20'000'000);
  const std::string children = "/proc/" + std::to_string(parent) + "/task/" + std::to_string(parent) + "/children";
  FILE* file = fopen(children.c_str(), "r");
  REQUIRE(file != nullptr);
  int child = 0;
  REQUIRE(fscanf(file, "%d", &child) == 1);
  fclose(file);
  kill(child, SIGKILL);
  waitpid(parent, nullptr, 0);
  CHECK(look.usedNs() >= usedNs + 20'000'000);
  for (const int end : gate) close(end);
}

TEST_CASE("gateway: the program is told its own port instead of the service port, and nothing of the gateway") {
  std::string words[] = {"PORT0=8080",        "PORT=8080", "PORTS=8080,9090", "PORT1=9090", "PORT_HTTP=8080",
                         "GAIA_REPLICA=conf", "OTHER=8080"};
  char* inherited[8] = {};
  for (std::size_t i = 0; i < 7; i++) inherited[i] = words[i].data();
  CHECK(programEnvironment(inherited, 8080, 41000) ==
        std::vector<std::string>{"PORT0=41000", "PORT=41000", "PORTS=41000,9090", "PORT1=9090", "PORT_HTTP=41000", "OTHER=8080"});
}

TEST_CASE("gateway: a program's end is its own status, or its signal's") {
  std::string error;
  const auto endOf = [&](const char* script, int signal) {
    std::string shell = "/bin/sh", option = "-c", words = script;
    char* argv[] = {shell.data(), option.data(), words.data(), nullptr};
    const auto program = Program::start(argv, 1, &error);
    REQUIRE(program != nullptr);
    const std::string name = "/proc/" + std::to_string(program->pid()) + "/comm";
    for (std::string comm; signal != 0 && comm != "sleep"; gaia::sys::sleepNs(1'000'000)) std::ifstream(name) >> comm;
    if (signal != 0) program->terminate();
    pollfd ends{program->descriptor(), POLLIN, 0};
    gaia::sys::poll({&ends, 1}, 20'000'000'000);
    CHECK(program->ended());
    return program->status();
  };
  CHECK(endOf("exit 3", 0) == 3);
  CHECK(endOf("exec sleep 60", SIGTERM) == 128 + SIGTERM);
}
