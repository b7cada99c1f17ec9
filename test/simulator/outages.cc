// Members with disks that go down and come back (D1): killed or without power, some or all of them at once.
#include "world.h"

namespace gaia::sim {

void World::takeDown(Node& node, bool powerless) {
  if (node.condemned()) return;
  if (traced_) say("member ", node.member.number, powerless ? " loses power" : " is killed");
  powerless ? node.disk->unpowered(random, node.journal) : node.disk->killed(random, node.journal);
  end(node, powerless);
  const std::uint32_t place = nextDown_++;
  down_[place] = {node.member, node.disk};
  static constexpr std::array<std::uint64_t, 4> longestNs{2 * nsPerMs, 2 * nsPerMs, 30 * nsPerMs,
                                                          150 * nsPerMs};
  events.add(nowNs + random.between(nsPerMs / 4, random.pick(longestNs)), Event::Kind::restart,
             place);
  count(Count::restarts);
}

// How many of the members' disks keep something, whether or not the members live.
template <class Keeps>
std::size_t World::disksThat(const Configuration& configuration, Keeps keeps) const {
  std::size_t keeping = 0;
  for (const Member& member : configuration.members) {
    const auto is = [&](const auto& entry) { return entry.second->member.number == member.number; };
    const auto node = std::find_if(nodes_.rbegin(), nodes_.rend(), is);
    keeping += node != nodes_.rend() && keeps(*node->second->disk) ? 1 : 0;
  }
  return keeping;
}

void World::elected(const Node& leader) {
  if (!leader.disk) return;
  const Configuration& configuration = leader.core.configuration();
  const auto keeps = [&](const SimDisk& disk) { return disk.promise() >= leader.core.ballot(); };
  const std::size_t keeping = disksThat(configuration, keeps);
  if (keeping >= configuration.majority()) return;
  history.fail("D1: member " + std::to_string(leader.member.number) + " is elected, but only " +
               std::to_string(keeping) + " disks have its ballot");
}

void World::acknowledged(const Node& leader, Index last) {
  if (!leader.disk) return;
  const Configuration& configuration = leader.core.configuration();
  const auto keeps = [&](const SimDisk& disk) { return disk.holds(last, leader.core.ballot()); };
  const std::size_t keeping = disksThat(configuration, keeps);
  if (keeping < configuration.majority()) {
    history.fail("D1: entry " + std::to_string(last) + " is acknowledged, but only " +
                 std::to_string(keeping) + " disks have it");
  }
  if (faulty_ && random.oneIn(options.outageOneIn)) events.add(nowNs, Event::Kind::outage);
}

void World::tookOffice() {
  const bool keeps = options.durability == Durability::disk;
  if (keeps && faulty_ && random.oneIn(2 * options.strikeOneIn)) events.add(nowNs, Event::Kind::outage);
}

// One member, or any number of them.
void World::takeSomeDown() {
  std::vector<Node*> nodes = livingNodes();
  const bool powerless = random.oneIn(2);
  if (random.oneIn(2)) return takeDown(*random.pick(nodes), powerless);
  for (Node* node : nodes) {
    if (random.oneIn(2)) takeDown(*node, powerless);
  }
}

// Those whose disks have not kept all that others may count on.
void World::takeUnkeptDown(const Node& except) {
  for (Node* node : livingNodes()) {
    if (node != &except && node->disk->busy()) takeDown(*node, true);
  }
}

void World::losePower() {
  const bool powerless = !random.oneIn(3);
  for (Node* node : livingNodes()) takeDown(*node, powerless);
  count(Count::powerLosses);
}

void World::restart(std::uint32_t place) {
  const Down down = down_.extract(place).mapped();
  silent_.erase(down.member.number);
  add(down.member, down.disk, down.disk->peers, down.disk->join);
}

}  // namespace gaia::sim
