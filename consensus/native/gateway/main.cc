// gaia-gateway PROGRAM [ARGUMENT...]: one member of a group whose program is not preloaded into. The executor starts it with
// GAIA_REPLICA=FILE (replica.conf) and descriptor 3. It ends as its program ends.
#include <sodium.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "gateway/control.h"
#include "runtime/core_dumps.h"
#include "runtime/stop_signals.h"
#include "transport/sys.h"

namespace {

using gaia::gateway::Control;
using gaia::gateway::Events;
using gaia::gateway::Gateway;
using gaia::gateway::Program;
using gaia::gateway::Source;

constexpr int exitUsage = 64, exitSoftware = 70;  // sysexits.h

// Each client takes two descriptors.
void raiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// True: go on. `stopping` is the descriptor of SIGTERM.
bool serveOthers(Gateway& gateway, Control& control, std::span<const Events::Event> events, int stopping) {
  for (const Events::Event& event : events) {
    if (event.source == Source::channel && control.descriptor() >= 0) control.serve(gateway);
    if (event.source != Source::signals) continue;
    signalfd_siginfo signal;
    (void)!read(stopping, &signal, sizeof signal);
    gateway.stop();
  }
  control.report(gateway, gaia::sys::nowNs());
  return gateway.failure().empty() && !gateway.ended();
}

void run(Gateway& gateway, Control& control, Program& program, int stopping) {
  Events& events = gateway.events();
  if (control.descriptor() >= 0) events.watch(control.descriptor(), Source::channel, 0, EPOLLIN);
  events.watch(stopping, Source::signals, 0, EPOLLIN);
  events.watch(program.descriptor(), Source::program, 0, EPOLLIN);
  while (!program.ended()) {
    const auto happened = events.wait(gateway.waitNs());
    gateway.serve(happened);
    if (!serveOthers(gateway, control, happened, stopping)) return;
  }
}

// The executor ends a program that takes too long.
int awaitEnd(Program& program) {
  program.terminate();
  pollfd ends{program.descriptor(), POLLIN, 0};
  while (!program.ended()) gaia::sys::poll({&ends, 1}, ~std::uint64_t{0} >> 2);
  return program.status();
}

int fail(Control& control, const std::string& message, int status) {
  control.fail(message);
  std::fprintf(stderr, "gaia-gateway: %s\n", message.c_str());
  return status;
}

}  // namespace

int main(int count, char** words) {
  gaia::dumpNoMemory();
  if (sodium_init() < 0) return exitSoftware;
  Control control;
  gaia::gateway::Options options;
  std::string error = "GAIA_REPLICA is not set; it must name the file with this member's configuration (replica.conf)";
  const char* path = getenv("GAIA_REPLICA");
  if (path == nullptr || !gaia::gateway::readOptions(path, &options, &error)) return fail(control, error, exitUsage);
  if (count < 2) return fail(control, "no program is named: gaia-gateway PROGRAM [ARGUMENT...]", exitUsage);
  const auto program = Program::start(words + 1, options.replica.self.servicePort, &error);
  if (program == nullptr) return fail(control, error, exitSoftware);
  const int stopping = gaia::stopSignals();
  raiseDescriptorLimit();
  Gateway gateway(options, *program);
  run(gateway, control, *program, stopping);
  if (!gateway.failure().empty()) return fail(control, gateway.failure(), exitSoftware);
  return awaitEnd(*program);
}
