// What goes wrong.
#include <numeric>

#include "world.h"

namespace gaia::sim {
namespace {

constexpr std::uint64_t againNs = 1'000 * nsPerMs;  // a group that is not whole is looked at

}  // namespace

void World::fault() {
  if (!faulty_) return;
  if (options.oneAtATime && !whole()) return events.add(nowNs + againNs, Event::Kind::fault);
  events.add(nowNs + random.between(options.faultEveryNs / 2, options.faultEveryNs * 3 / 2),
             Event::Kind::fault);
  const std::uint64_t sum = std::accumulate(options.weight.begin(), options.weight.end(), std::uint64_t{0});
  std::uint64_t drawn = random.below(sum);
  std::size_t kind = 0;
  while (drawn >= options.weight[kind]) drawn -= options.weight[kind++];
  inject(static_cast<Fault>(kind));
}

void World::inject(Fault fault) {
  std::vector<Node*> nodes = livingNodes();
  if (nodes.empty()) return;  // all are down, and come back
  Node& node = *random.pick(nodes);
  const std::uint64_t suspicionNs = options.timings.suspicionNs;
  switch (fault) {
    case Fault::pause:
      if (!random.oneIn(3)) return pause(node, random.below(suspicionNs * 3));
      node.stall(random.below(suspicionNs * 2));
      return count(Count::pauses);
    case Fault::pauseLeader:
      if (Node* leading = leader()) pause(*leading, suspicionNs + random.below(suspicionNs * 4));
      return;
    case Fault::breakChannel: {
      if (node.channels.empty()) return;
      const auto channel =
          std::next(node.channels.begin(), static_cast<long>(random.below(node.channels.size())));
      return sever(node, channel->first);
    }
    case Fault::isolate:
      isolate(node);
      return healLater();
    case Fault::split:
      split();
      return healLater();
    case Fault::heal:
      return heal();
    case Fault::crash: {
      Node* leading = random.oneIn(3) || !proposals_.empty() ? leader() : nullptr;
      return crash(leading != nullptr ? *leading : node);
    }
    case Fault::jumpClock:
      node.jumpClock(random.below(suspicionNs * 4));
      return count(Count::clockJumps);
    case Fault::restart:
      return takeSomeDown();
    case Fault::powerLoss:
      return losePower();
    case Fault::slowDisk:
      count(Count::slowDisks);
      return node.slowDisk(options.healWithinNs);
  }
}

Node* World::leader() const {
  Node* highest = nullptr;
  for (Node* node : livingNodes()) {
    const bool leads = node->core.role() == Role::leader;
    if (leads && (highest == nullptr || node->core.ballot() > highest->core.ballot())) highest = node;
  }
  return highest;
}

void World::pause(Node& node, std::uint64_t forNs) {
  if (traced_) say("member ", node.member.number, " stands still for ", forNs / nsPerUs, " us");
  node.pause(forNs);
  count(Count::pauses);
}

// Cuts one member's sending, its receiving, or both, to some or all others.
void World::isolate(Node& node) {
  const bool in = !random.oneIn(3), out = !in || !random.oneIn(3), some = random.oneIn(2);
  for (Node* other : livingNodes()) {
    if (other == &node || (some && random.oneIn(2))) continue;
    if (out) cuts_.insert({node.life, other->life});
    if (in) cuts_.insert({other->life, node.life});
    if (random.oneIn(4)) node.disconnect(other->member.number);
    if (random.oneIn(4)) other->disconnect(node.member.number);
  }
  if (traced_)
    say("member ", node.member.number, " is cut off:", in ? " receives nothing" : "",
        out ? " sends nothing" : "");
  count(Count::partitions);
}

void World::split() {
  std::set<std::uint32_t> left;
  for (const Node* node : livingNodes()) {
    if (random.oneIn(2)) left.insert(node->life);
  }
  cutBetween(left);
}

void World::cutBetween(const std::set<std::uint32_t>& left) {
  const std::vector<Node*> nodes = livingNodes();
  for (const Node* a : nodes) {
    for (const Node* b : nodes) {
      if (left.contains(a->life) != left.contains(b->life)) cuts_.insert({a->life, b->life});
    }
  }
  if (traced_) {
    say("the members fall into two parts; in one of them:");
    for (const std::uint32_t life : left) say("  member ", nodes_[life]->member.number);
  }
  count(Count::partitions);
}

void World::healLater() {
  if (options.healWithinNs == 0) return;
  events.add(nowNs + random.between(options.healWithinNs / 10, options.healWithinNs), Event::Kind::heal);
}

void World::heal() {
  if (cuts_.empty()) return;
  if (traced_) say("all cuts end");
  cuts_.clear();
  resumeChannels();
}

// A minority of every configuration that may still be in force can be lost for good at a time; more would
// lose data rightly.
bool World::mayCrash(const Node& node) const {
  for (auto decided = decided_.lower_bound(oldestInForce()); decided != decided_.end(); decided++) {
    if (!bears(decided->second, node)) return false;
  }
  for (const auto& [index, configuration] : proposals_) {
    if (index > newest().index && !survivable(configuration, &node)) return false;
  }
  return true;
}

// What a member that counts, or its disk after a loss of power, takes for the newest one. All that were decided after it are
// in force for that member, too: it may have to elect a leader under each on its way.
Index World::oldestInForce() const {
  Index oldest = newest().index;
  const auto note = [&](const Member& member, const Configuration& configuration) {
    const bool knows = newest().byNumber(member.number) != nullptr && !configuration.members.empty();
    if (knows) oldest = std::min(oldest, configuration.index);
  };
  for (const Node* node : livingNodes()) {
    note(node->member, node->core.configuration());
    if (node->disk) note(node->member, node->disk->configuration());
  }
  for (const auto& [place, down] : down_) note(down.member, down.disk->configuration());
  return oldest;
}

// A majority is left without the node.
bool World::bears(const Configuration& configuration, const Node& node) const {
  return !configuration.byNumber(node.member.number) || survivable(configuration, &node);
}

void World::crash(Node& node) {
  if (mayCrash(node)) lose(node);
}

void World::lose(Node& node) {
  if (!node.alive) return;
  const bool silently = random.oneIn(3);
  if (traced_) say("member ", node.member.number, silently ? " and its machine are gone" : " is gone");
  end(node, silently);
  std::erase_if(proposals_, [&](const auto& proposal) { return proposal.first <= newest().index; });
  count(Count::crashes);
}

// The process is gone.
void World::end(Node& node, bool silently) {
  if (silently) silent_.insert(node.member.number);
  node.die();
  const std::uint64_t noticeNs = silently ? 100 * nsPerMs : 2 * nsPerMs;
  for (Node* other : livingNodes()) {
    if (!other->channels.contains(node.member.number)) continue;
    events.add(nowNs + random.below(noticeNs), Event::Kind::reset, other->life, node.member.number);
  }
}

}  // namespace gaia::sim
