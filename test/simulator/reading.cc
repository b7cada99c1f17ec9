// How much a group and its checks have at one time.
#include "inspector.h"
#include "world.h"

namespace gaia::sim {
namespace {

// Of the member that has most.
template <class Amount>
std::uint64_t most(const std::vector<Node*>& nodes, Amount amount) {
  std::uint64_t highest = 0;
  for (const Node* node : nodes) highest = std::max<std::uint64_t>(highest, amount(*node));
  return highest;
}

template <class Amount>
std::uint64_t mostOfCores(const std::vector<Node*>& nodes, Amount amount) {
  return most(nodes, [&](const Node& node) { return amount(CoreInspector{node.core}); });
}

}  // namespace

Reading World::reading() const {
  const std::vector<Node*> nodes = livingNodes();
  std::uint64_t underWay = 0;
  for (const auto& [id, channel] : channels_) underWay += channel->underWay();
  return {
      {"membersKnown", mostOfCores(nodes, [](auto core) { return core.members(); })},
      {"entriesHeld", mostOfCores(nodes, [](auto core) { return core.entriesHeld(); })},
      {"readsPending", mostOfCores(nodes, [](auto core) { return core.readsPending(); })},
      {"recordsInRings", mostOfCores(nodes, [](auto core) { return core.recordsInRings(); })},
      {"ownRingBytes", mostOfCores(nodes, [](auto core) { return core.ownRingBytes(); })},
      {"logEntries", most(nodes, [](const Node& node) { return node.journal.entries(); })},
      {"members", nodes.size()},
      {"channels", channels_.size()},
      {"operations", underWay},
      {"events", events.size()},
      {"clientsWaiting", clients ? clients->waiting() : 0},
      {"entriesChecked", history.remembered()},
  };
}

}  // namespace gaia::sim
