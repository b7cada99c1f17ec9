// A member's service thread, its memory and what happens to it. Its turn thread: turn.cc.
#include "node.h"

#include "world.h"

namespace gaia::sim {
namespace {

constexpr std::uint64_t diskPollNs = 200 * nsPerUs;  // a leader that waits for disks
constexpr Position bytesRemembered = 1u << 20;       // of a ring: nothing older is under way to anyone

CoreOptions coreOptions(const Member& self, const std::vector<Member>& peers, bool join, Recovery recovery,
                        bool restores) {
  CoreOptions options;
  options.recovery = std::move(recovery);
  options.restores = restores;
  options.self = self;
  options.peers = peers;
  options.join = join;
  return options;
}

}  // namespace

Node::Node(World& world, std::uint32_t life, const Member& self, std::shared_ptr<SimDisk> kept,
           const std::vector<Member>& peers, bool join)
    : world(world),
      life(life),
      member(self),
      bornNs(world.nowNs),
      memory(Region::bytesFor(world.options.ringBytes, world.options.durability)),
      region(memory.data(), world.options.ringBytes, world.options.durability),
      disk(std::move(kept)),
      core(coreOptions(self, peers, join, disk ? disk->recover(world.options.ringBytes) : Recovery{},
                       world.options.snapshots),
           region, *this, world.options.timings),
      counted_(!join),
      logEnd_(placePosition(region.ringHead(self.slot).anchor)),
      readers_(world.options.readerNs),
      demand_(world.options.rankNs) {
  if (disk) replay();
  world.events.add(world.nowNs + world.random.below(world.options.tickNs), Event::Kind::tick, life);
}

void Node::tick() {
  if (!alive) return;
  const std::uint64_t restsUntilNs = std::max(pausedUntilNs_, stalledUntilNs_);
  if (restsUntilNs > world.nowNs) return world.events.add(restsUntilNs, Event::Kind::tick, life);
  core.tick(world.nowNs + clockNs_);
  tendSnapshots();
  afterCore();
  if (changed_ || ++ticks_ % 8 == 0) reconcile();
  wakeTurn(200 * nsPerUs);
  const std::uint64_t idleNs = std::min(4 * world.options.tickNs, world.options.timings.suspicionNs / 3);
  const std::uint64_t intervalNs = core.busy() ? world.options.tickNs : idleNs;
  world.events.add(world.nowNs + intervalNs + world.random.below(intervalNs / 8), Event::Kind::tick, life);
}

// Opens the channels the core wants and closes the others, as the service thread does.
void Node::reconcile() {
  changed_ = false;
  std::set<std::uint32_t> wanted;
  for (const Member& other : core.wanted()) wanted.insert(other.number);
  std::vector<std::uint32_t> unwanted;
  for (const auto& [number, channel] : channels) {
    const bool upgrade = !channel->counts() && core.role() != Role::learner;  // N3: comes again as a member
    if (upgrade || !wanted.contains(number)) unwanted.push_back(number);
  }
  for (const std::uint32_t number : unwanted) disconnect(number);
  for (const std::uint32_t number : wanted) {
    if (channels.contains(number) || !connecting_.insert(number).second) continue;
    world.events.add(world.nowNs + world.random.between(50 * nsPerUs, 4 * nsPerMs), Event::Kind::connect,
                     life, number);
  }
}

void Node::connect(std::uint32_t number) {
  connecting_.erase(number);
  if (!alive || paused() || channels.contains(number)) return;
  Node* owner = world.living(number);
  if (owner == nullptr) {
    if (world.refused(number)) core.declareDead(number);
    return;
  }
  if (world.cut(*this, *owner) || world.cut(*owner, *this) || owner->paused()) return;
  SimChannel* channel = world.open(*this, *owner);
  if (channel == nullptr) return;
  channels[number] = channel;
  core.attach(owner->member, channel, disk ? owner->life + 1 : 0);
  afterCore();
}

void Node::disconnect(std::uint32_t number) {
  const auto found = channels.find(number);
  if (found == channels.end()) return;
  found->second->close();
  channels.erase(found);
  core.detach(number);
  changed_ = true;
}

void Node::reset(std::uint32_t number) {
  const auto found = channels.find(number);
  if (alive && found != channels.end() && found->second->broken()) disconnect(number);
}

void Node::answered() {
  if (!alive || paused()) return;
  if (turn_ != Turn::follows || core.role() == Role::leader)
    return wakeTurn(disk ? diskPollNs : 20 * nsPerUs);
  if (core.role() != Role::candidate || stalledUntilNs_ > world.nowNs) return;
  core.collect();
  afterCore();
}

void Node::written() {
  wakeDisk(20 * nsPerUs);
  if (turn_ == Turn::follows) wakeTurn(200 * nsPerUs);
}

bool Node::paused() const { return pausedUntilNs_ > world.nowNs; }

void Node::pause(std::uint64_t forNs) {
  pausedUntilNs_ = std::max(pausedUntilNs_, world.nowNs + forNs);
  world.events.add(pausedUntilNs_, Event::Kind::resume, life);
}

void Node::stall(std::uint64_t forNs) {
  if (world.tracing()) {
    world.say("the service thread of member ", member.number, " gets no processor for ", forNs / nsPerUs,
              " us");
  }
  stalledUntilNs_ = std::max(stalledUntilNs_, world.nowNs + forNs);
}

void Node::die() {
  alive = false;
  diedNs = world.nowNs;
  closeClients();
  for (auto& [number, channel] : channels) channel->close();
  channels.clear();
}

void Node::afterCore() {
  followOwnRing();
  wakeDisk(20 * nsPerUs);
  world.count(Count::candidacies, core.elections() - elections_);
  elections_ = core.elections();
  if (core.role() == role_) return;
  role_ = core.role();
  if (role_ == Role::leader) world.count(Count::leaders);
  if (role_ == Role::candidate && disk) world.critical(*this);
  if (role_ == Role::leader) {
    world.elected(*this);
    world.critical(*this);
    wakeTurn(50 * nsPerUs);
  }
  if (!world.tracing()) return;
  static constexpr std::array names{"a learner", "a follower", "a candidate", "the leader"};
  world.say("member ", member.number, " is ", names[static_cast<std::size_t>(role_)], ", ballot ",
            termOf(core.ballot()), ".", numberOf(core.ballot()), ", applied ", core.appliedIndex());
}

// Takes note of the records the core has appended to its own ring since the last call.
void Node::followOwnRing() {
  for (;;) {
    const Position offset = logEnd_ % region.ringBytes();
    // Whole: the end of a payload may make the first bytes of a stale header those of this place.
    const auto record = parseRecord(region.ring(member.slot) + offset, region.ringBytes() - offset, logEnd_);
    if (!record || numberOf(record->header.ballot) != member.number) return;
    const RecordHeader& header = record->header;
    const Position end = logEnd_ + recordBytes(header.length);
    log_.push_back({logEnd_, end, header.index, header.ballot, header.origin});
    guards_[member.slot].place(life, log_, logEnd_, end - logEnd_, region.ringBytes(), member.number,
                               core.appliedIndex(), &world.history);
    if (end / region.ringBytes() != logEnd_ / region.ringBytes()) world.count(Count::laps);
    logEnd_ = end;
    wroteNs_ = world.nowNs;
    world.history.appended(life, *record);
    forgetOldest();
  }
}

void Node::forgetOldest() {
  while (log_.front().end + bytesRemembered < logEnd_) log_.pop_front();
}

void Node::forgetWritten(std::uint64_t afterNs) {
  if (wroteNs_ + afterNs < world.nowNs) log_.clear();
}

// The latest position written at an offset of the own ring.
Position Node::positionOf(std::size_t ringOffset) {
  followOwnRing();
  const Position size = region.ringBytes();
  const Position lap = logEnd_ == 0 ? 0 : (logEnd_ - 1) / size * size;
  return lap + ringOffset < logEnd_ || lap == 0 ? lap + ringOffset : lap - size + ringOffset;
}

void Node::ringWritten(const Node& writer, Position position, std::size_t length) {
  guards_[writer.member.slot].place(writer.life, writer.log_, position, length, region.ringBytes(),
                                    member.number, core.appliedIndex(), &world.history);
}

void Node::persist(const Record& record) {
  const bool replayed = disk && record.header.index <= disk->journal().last();
  if (!replayed && record.header.index != journal.last() + 1) {
    return world.history.fail("order: member " + std::to_string(member.number) + " applies entry " +
                              std::to_string(record.header.index) + " after " +
                              std::to_string(journal.last()));
  }
  if (!replayed) journal.append(record.whole());
  storeWord(region.control().journaled, journal.last());
  world.history.applied(member.number, record);
  if (record.header.kind == static_cast<std::uint8_t>(EntryKind::configuration)) {
    const auto decided = Configuration::decode(record.header.index, record.payload());
    if (decided) world.decided(*decided);
    counted_ = counted_ || (decided && decided->byNumber(member.number) != nullptr);
  }
  if (world.tracing()) {
    world.say("member ", member.number, " applies entry ", record.header.index, " (ballot ",
              termOf(record.header.ballot), ".", numberOf(record.header.ballot), ", origin ",
              termOf(record.header.origin), ".", numberOf(record.header.origin), ")");
  }
}

}  // namespace gaia::sim
