// A member that takes snapshots, shortens its journal and restores what others have taken, as the runtime
// does (snapshots.cc).
#include "world.h"

namespace gaia::sim {

// As MemberRuntime::snapshotWanted.
bool Node::snapshotWanted() {
  const Index applied = core.appliedIndex(), newest = disk ? snapshots.index() : core.newestSnapshot();
  const bool counts = core.configuration().byNumber(member.number) != nullptr;
  if (!counts || applied == 0 || snapshots.taking()) return false;
  demand_.see(newest, world.nowNs);
  const bool grown =
      newest < applied && !readers_.ofPieces() && journal.bytesAfter(newest) > world.options.snapshotLogBytes;
  if (grown) demand_.note(world.nowNs);
  return demand_.due(core.snapshotRank(), world.nowNs);
}

// As MemberRuntime::tendSnapshots, at every tick.
void Node::tendSnapshots() {
  if (!world.options.snapshots) return;
  if (snapshots.taking() && takenAtNs_ <= world.nowNs) {
    snapshots.finishTaking();
    if (disk) disk->keep(snapshots);
  }
  publishKept();
  readers_.forget(core.configuration(), world.nowNs);
  snapshotDue_ = snapshotWanted();
  if (snapshotDue_ && core.stuck()) core.stepDown();
  const bool full = journal.bytesAfter(journal.first() - 1) > world.options.journalBytes;
  Index needed = full ? core.newestSnapshot() + 1 : core.neededFrom();
  if (disk && !mutant(Mutant::droppedUncovered)) needed = std::min(needed, snapshots.index() + 1);
  const Index before = journal.first();
  journal.dropBelow(readers_.lowest(needed));
  if (disk) disk->dropBelow(journal.first());
  world.count(Count::dropped, journal.first() - before);
}

void Node::publishKept() {
  storeWord(region.control().snapshotIndex, snapshots.index());
  storeWord(region.control().journalFrom, journal.first());
}

// Turn thread, between two entries. Writing it down takes its time.
void Node::takeSnapshot() {
  if (!snapshotDue_ || snapshots.taking()) return;
  snapshotDue_ = false;
  Manifest manifest = core.manifestHere();
  if (snapshots.index() >= manifest.id.index) return;
  manifest.provider = "simulator";
  manifest.stateBytes = world.options.stateBytes;
  world.history.executed(member.number, manifest.id.index, state_);
  snapshots.take(std::move(manifest), state_);
  takenAtNs_ = world.nowNs + world.random.below(10 * nsPerMs);
  world.count(Count::snapshotsTaken);
  if (world.tracing())
    world.say("member ", member.number, " takes a snapshot of entry ", core.appliedIndex());
}

// Turn thread, between two entries.
void Node::restoreSnapshot() {
  const Manifest* ready = core.snapshotReady();
  if (ready == nullptr) return;
  if (world.spoils()) return core.refuseSnapshot();
  const Manifest manifest = *ready;
  const auto state = snapshots.adoptFetched(manifest);
  if (!state)
    return world.history.fail("snapshot: member " + std::to_string(member.number) +
                              " has fetched one that nobody has taken");
  if (disk) disk->keep(snapshots);
  journal.restart(manifest.id.index);
  goOnFrom(manifest, *state);
  world.count(Count::snapshotsRestored);
  if (world.tracing())
    world.say("member ", member.number, " goes on from a snapshot of entry ", manifest.id.index);
}

void Node::goOnFrom(const Manifest& manifest, std::uint64_t state) {
  state_ = state;
  world.history.executed(member.number, manifest.id.index, state_);
  storeWord(region.control().journaled, journal.last());
  publishKept();
  core.install(manifest);
  counted_ = counted_ || core.configuration().byNumber(member.number) != nullptr;
}

bool Node::keepPiece(std::uint32_t number, std::span<const std::byte> piece) {
  if (world.spoils()) return false;  // no room for it
  snapshots.keepFetched(number, piece);
  return true;
}

std::vector<std::byte> Node::journalFor(std::uint32_t reader, Index from, std::size_t bytesMax) {
  readers_.note(reader, from, false, world.nowNs);
  return journal.from(from, bytesMax);
}

std::vector<std::byte> Node::pieceFor(std::uint32_t reader, Index index, std::uint32_t number) {
  if (index == 0) return demand_.ask(world.nowNs), std::vector<std::byte>();
  std::vector<std::byte> piece = snapshots.piece(index, number);
  if (piece.empty()) return piece;
  readers_.note(reader, index + 1, true, world.nowNs);
  world.count(Count::piecesRead);
  world.critical(*this);
  if (world.spoils()) piece[piece.size() / 2] ^= std::byte{1};
  return piece;
}

}  // namespace gaia::sim
