// A member's disk thread, and its start from what former lives have left.
#include "world.h"

namespace gaia::sim {
namespace {

constexpr std::uint64_t fullNs = 20 * nsPerMs;       // until it is tried again
constexpr std::uint64_t slowDiskNs = 200 * nsPerMs;  // of one synchronisation, at most, while it is slow

}  // namespace

// As the runtime does it: before anybody else can reach this member, its program restores its own snapshot and executes
// the journal after it.
void Node::replay() {
  journal = disk->journal();
  snapshots = disk->snapshots();
  if (const Manifest* own = snapshots.manifest()) {
    core.setOwnSnapshot(*own);
    goOnFrom(*own, snapshots.state());
  }
  core.replay(journal.from(core.appliedIndex() + 1, ~std::size_t{0} >> 1));
  for (Entry entry; core.next(&entry);) {
    state_ = mix(state_, contentOf(entry.kind, entry.payload));
    world.history.executed(member.number, entry.index, state_);
    core.applied(entry.index, state_, 1);
  }
  if (core.appliedIndex() < journal.last())
    world.history.fail("disk: member " + std::to_string(member.number) + " cannot go on from what it has kept");
}

void Node::wakeDisk(std::uint64_t withinNs) {
  if (!disk || !alive || condemned_ || diskScheduled_) return;
  diskScheduled_ = true;
  world.events.add(world.nowNs + world.random.below(withinNs + 1), Event::Kind::disk, life);
}

void Node::keep() {
  diskScheduled_ = false;
  if (!alive || condemned_) return;
  if (paused()) return wakeDisk(2 * nsPerMs);
  if (disk->busy() && !endSync()) return;
  PersistOrder order = core.takePersistOrder();
  if (order.empty()) return;
  disk->begin(std::move(order));
  const bool slow = world.random.oneIn(world.options.slowSyncOneIn);
  if (world.nowNs < diskSlowUntilNs_) return wakeDisk(slowDiskNs);
  wakeDisk(slow ? world.options.slowSyncNs : world.options.syncNs);
}

void Node::slowDisk(std::uint64_t forNs) {
  if (world.tracing())
    world.say("the disk of member ", member.number, " is slow for ", forNs / nsPerUs, " us");
  diskSlowUntilNs_ = world.nowNs + forNs;
}

// False: the same order is tried again later, or never.
bool Node::endSync() {
  if (world.failsSync(*this)) return failSync(), false;
  const bool wasFull = diskFull_;
  diskFull_ = wasFull ? world.staysFull() : world.fillsDisk();
  if (diskFull_ && !wasFull) world.count(Count::fullDisks);
  core.setPersisting(!diskFull_);
  if (diskFull_) return wakeDisk(fullNs), false;
  noteKept(disk->complete());
  return true;
}

void Node::noteKept(const PersistOrder& order) {
  if (disk->damaged()) {
    world.history.fail("disk: member " + std::to_string(member.number) +
                       " is told to keep what is no record any more");
  }
  core.persisted(order);
  world.count(Count::syncs);
  if (world.tracing()) {
    world.say("the disk of member ", member.number, " has kept ", order.records.size(), " bytes, promise ",
              termOf(order.promise), ".", numberOf(order.promise));
  }
  const bool due = order.journal > disk->journal().last();
  if (due || world.random.oneIn(world.options.journalSyncOneIn)) disk->synchroniseJournal(journal);
  if (order.promise != 0 && stalledUntilNs_ <= world.nowNs) core.tick(world.nowNs + clockNs_);
  if (turn_ != Turn::follows || core.role() == Role::leader) wakeTurn(20 * nsPerUs);
  afterCore();
}

void Node::failSync() {
  if (world.tracing()) world.say("a synchronisation of member ", member.number, " fails");
  condemned_ = true;
  core.setPersisting(false);
  world.count(Count::failedSyncs);
  world.events.add(world.nowNs + world.random.below(5 * nsPerMs), Event::Kind::condemned, life);
}

// What the writer's former life left here is put aside, so its ring begins empty.
bool Node::accept(const Node& writer) {
  if (!disk) return true;
  if (!core.returned(writer.member.number, writer.life + 1)) return false;
  const auto [known, fresh] = writerLives_.emplace(writer.member.number, writer.life);
  if (!fresh && known->second != writer.life) guards_[writer.member.slot] = {};
  known->second = writer.life;
  return true;
}

}  // namespace gaia::sim
