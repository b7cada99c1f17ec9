// Snapshots of a program by its own means (the hook): a turn in which all clients are closed, then an entry
// that names the member that takes one. That member forks there; the child is the program at exactly this
// entry, is given the hook's command over a connection of its own, and the file that it writes is the
// snapshot.
#pragma once
#include "clock.h"
#include "random.h"

namespace gaia::interpose {

// What this library itself carries from entry to entry while no client is connected.
struct TurnState {
  std::uint64_t magic;
  ClockReading clock;
  RandomStream random;
  std::int32_t nextVirtualPid;
  std::int32_t zero;
};
constexpr std::uint64_t turnStateMagic = 0x3154'5041'4e53'4147;

// Whether this program's snapshots are taken by a hook.
bool snapshotsByHook();
// Start of the member, on all replicas alike.
void startSnapshots();

// Leader, before each turn: what a snapshot that is due asks of it. The members' connections are closed
// first.
enum class SnapshotStep : std::uint8_t { none, closeClients, order };
SnapshotStep nextSnapshotStep();
std::uint32_t chooseSnapshotTaker();
void snapshotIsOrdered(std::uint32_t taker);
void forgetSnapshotOrder();  // leadership is lost

// Every replica, at the entry; the one that is named forks, with durability `disk` each does.
void applySnapshotOrder(std::uint32_t member);

// In the child: what happens instead of the log's turns.
void snapshotChildTurn();
void hearSnapshotReply(const void* data, std::size_t bytes);

}  // namespace gaia::interpose
