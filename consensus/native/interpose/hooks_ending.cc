// Hooks: ends of the process before it has listened. A program that puts itself into the background goes on as a process that
// nobody watches and that no log reaches: it is told to stay, instead of ending without a word.
#include <cstdlib>

#include "children.h"
#include "process.h"
#include "real.h"
#include "threads.h"

using namespace gaia::interpose;

namespace {

[[noreturn]] void refuseBackground() {
  endChildren();
  giveUp(
      "the program puts itself into the background, where it cannot be replicated; keep it in the foreground (redis-server: "
      "daemonize no, nginx: daemon off, others: -f, -F or --foreground)");
}

bool leavesForBackground() { return inTurn && mode() == Mode::local && anyChildRuns(); }

__attribute__((destructor)) void endProcess() {
  if (leavesForBackground()) refuseBackground();
}

}  // namespace

GAIA_HOOK int daemon(int noChangeDirectory, int noClose) noexcept {
  if (inOrder() && mode() == Mode::local) refuseBackground();
  return real().daemon(noChangeDirectory, noClose);
}

GAIA_HOOK void _exit(int status) {
  if (leavesForBackground()) refuseBackground();
  real()._exit(status);
  __builtin_unreachable();
}

GAIA_HOOK void _Exit(int status) noexcept { _exit(status); }
