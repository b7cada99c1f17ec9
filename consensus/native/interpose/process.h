// What every hook asks first: is this call part of the replicated program's own deterministic execution?
#pragma once
#include <atomic>
#include <cstdint>

#define GAIA_HOOK extern "C" __attribute__((visibility("default")))

namespace gaia::interpose {

// inert: this process is not replicated (a shell on the way to the program, a fork child).
// local: clock, randomness and address space are already deterministic; no log yet (before listen()).
// replicating: turns come from the log. detached: the member has stopped; the program ends by its own means.
// snapshotting: the child that takes a snapshot (snapshot.h). visited: a fork that serves a visitor (visits.h).
enum class Mode : std::uint8_t { inert, local, replicating, detached, snapshotting, visited };

// A page that the kernel empties in whatever this process forks: who begins by a fork that no hook has seen finds itself inert.
struct alignas(4096) ModePage {
  std::atomic<Mode> mode{Mode::inert};
};
extern constinit ModePage modePage;
inline Mode mode() { return modePage.mode.load(std::memory_order_relaxed); }
inline void setMode(Mode next) { modePage.mode.store(next, std::memory_order_relaxed); }

// True on the turn thread while it runs the program's code. Threads of this library, the consensus runtime on
// the turn thread, the program's other threads and fork children see the real system.
extern constinit thread_local bool inTurn;

// Leaves the program's execution for the length of a scope, so that the runtime's calls are not taken for the
// program's.
class OutsideTurn {
 public:
  OutsideTurn() : before_(inTurn) { inTurn = false; }
  ~OutsideTurn() { inTurn = before_; }
  OutsideTurn(const OutsideTurn&) = delete;
  OutsideTurn& operator=(const OutsideTurn&) = delete;

 private:
  bool before_;
};

// Real descriptors of this library and of the runtime live at or above this number.
extern constinit int descriptorFloor;
// Moves a descriptor to the floor or above (close-on-exec); returns it unchanged when that fails.
int moveAboveFloor(int fd);
// A socket of a thread of GAIA, above the floor; it does not block.
int ownSocket(int family, int type);

// Ends the process because it cannot go on as an exact replica; `message` says cause and remedy and reaches
// the executor.
[[noreturn]] void giveUp(const char* message);

}  // namespace gaia::interpose
