// Members with disks that go down and come back (D1): killed or without power, some or all of them at once.
#include "world.h"

namespace gaia::sim {

void World::takeDown(Node& node, bool powerless) {
  if (node.condemned()) return;
  if (traced_) say("member ", node.member.number, powerless ? " loses power" : " is killed");
  newest();  // it may be the only one to know
  powerless ? node.disk->unpowered(random, node.journal) : node.disk->killed(random, node.journal);
  end(node, powerless);
  down_.push_back({node.member, node.disk});
  const std::uint64_t longestNs = random.oneIn(4) ? 150 * nsPerMs : 30 * nsPerMs;
  events.add(nowNs + random.between(nsPerMs, longestNs), Event::Kind::restart,
             static_cast<std::uint32_t>(down_.size() - 1));
  count(Count::restarts);
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

void World::losePower() {
  const bool powerless = !random.oneIn(3);
  for (Node* node : livingNodes()) takeDown(*node, powerless);
  count(Count::powerLosses);
}

void World::restart(std::uint32_t place) {
  const Down down = std::exchange(down_[place], {});
  silent_.erase(down.member.number);
  add(down.member, down.disk, down.disk->peers, down.disk->join);
}

}  // namespace gaia::sim
