// What goes wrong at the worst of times: leadership and configurations change within a few operations.
#include "world.h"

namespace gaia::sim {

void World::critical(const Node& node) {
  if (!faulty_ || !random.oneIn(options.strikeOneIn)) return;
  std::uint64_t withinNs = random.oneIn(2) ? 4 * options.delayNs : 4 * nsPerMs;
  if (options.durability == Durability::disk && random.oneIn(2)) withinNs = 1;  // before disks have it
  events.add(nowNs + random.below(withinNs), Event::Kind::strike, node.life);
}

void World::strike(Node& node) {
  if (!faulty_ || !node.alive) return;
  const std::uint64_t suspicionNs = options.timings.suspicionNs;
  const bool keeps = options.durability == Durability::disk;
  switch (random.below(keeps ? 8 : 5)) {
    case 0:
      return crash(node);
    case 1:
      return pause(node, suspicionNs + random.below(suspicionNs * 2));
    case 2:
      return isolate(node);
    case 3:
      return breakChannels(node);
    case 5:
      return losePower();
    case 6:
      if (random.oneIn(2)) cutBetween({node.life});
      return takeUnkeptDown(node);
    case 7:
      return takeDown(node, random.oneIn(2));
    default:
      return cutOffWithNewcomers(node);
  }
}

void World::breakChannels(Node& node) {
  std::vector<std::uint32_t> broken;
  for (const auto& [number, channel] : node.channels) {
    if (random.oneIn(2)) broken.push_back(number);
  }
  for (const std::uint32_t number : broken) sever(node, number);
}

// An anchor that goes down with its channel leaves nothing but the writer's memory of it.
void World::anchors(const Node& writer, const Node& owner) {
  count(Count::anchors);
  if (!faulty_ || !random.oneIn(10 * options.strikeOneIn)) return;
  events.add(nowNs + random.below(2 * options.delayNs), Event::Kind::sever, writer.life, owner.member.number);
}

void World::sever(Node& node, std::uint32_t number) {
  if (!faulty_ || !node.alive || !node.channels.contains(number)) return;
  if (traced_) say("the channel from member ", node.member.number, " to ", number, " breaks");
  node.disconnect(number);
  count(Count::brokenChannels);
}

// Such a part can hold a majority of the next configuration while the rest holds one of the last.
void World::cutOffWithNewcomers(const Node& node) {
  std::set<std::uint32_t> part;
  for (const Node* other : livingNodes()) {
    const bool newcomer = other->life >= options.members && !random.oneIn(4);
    if (other == &node || newcomer || random.oneIn(6)) part.insert(other->life);
  }
  cutBetween(part);
}

}  // namespace gaia::sim
