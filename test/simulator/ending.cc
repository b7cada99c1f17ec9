// The end of a life: faults stop, and within a bounded time every member must have caught up and progress be
// made. Then traffic stops, and soon every member must have applied all that is committed.
#include "world.h"

namespace gaia::sim {
namespace {

constexpr std::uint64_t probeNs = 2 * nsPerMs;
constexpr Index freshEntries = 8;

}  // namespace

void World::recover() {
  faulty_ = false;
  heal();
  for (Node* node : livingNodes()) node->wake();
  resumeChannels();
  goal_ = std::max(history.decided(), history.acknowledgedMax()) + freshEntries;
  deadlineNs_ = nowNs + options.recoveryNs;
  events.add(nowNs, Event::Kind::probe);
  if (traced_) say("no more faults; everybody shall reach entry ", goal_);
}

void World::probe() {
  events.add(nowNs + probeNs, Event::Kind::probe);
  stopRemoved();
  checkDigests();
  if (!quiet_ && converged()) {
    quiet_ = true;
    if (clients) clients->stop(nowNs);
    deadlineNs_ = nowNs + options.quietNs;
    if (traced_) say("no more proposals");
  }
  ended_ = quiet_ && settled();
  if (ended_ || nowNs <= deadlineNs_) return;
  history.fail((quiet_ ? "quiet: not everybody has applied what is committed:" : "liveness: the group does not recover:") +
               describe());
}

void World::checkDigests() {
  for (const Node* node : livingNodes()) {
    if (node->core.divergence()) history.fail("divergence: digests of equal executions differ");
  }
}

// Nothing goes wrong just now, and nothing that went wrong is left of it.
bool World::whole() const { return cuts_.empty() && down_.empty() && converged(); }

// Nothing more comes that would bring the news of the last commit with it.
bool World::settled() const {
  const Node* leading = leader();
  if (leading == nullptr || !leading->core.settled() || (clients && !clients->content(nowNs))) return false;
  const Index committed = std::max(leading->core.committedIndex(), history.acknowledgedMax());
  const std::vector<Node*> nodes = livingNodes();
  return std::all_of(nodes.begin(), nodes.end(),
                     [&](const Node* node) { return node->core.appliedIndex() >= committed; });
}

bool World::converged() const {
  const Node* leading = leader();
  if (leading == nullptr) return false;
  const Configuration& configuration = leading->core.configuration();
  if (configuration.members.size() != slots_.size()) return false;
  for (const Node* node : livingNodes()) {
    const bool counted = configuration.byNumber(node->member.number) && node->core.role() != Role::learner;
    if (!counted || node->core.configuration().index != configuration.index) return false;
    if (node->core.appliedIndex() < goal_) return false;
  }
  return survivable(configuration) && livingNodes().size() == slots_.size();
}

std::string World::describe() const {
  std::string text;
  for (const Node* node : livingNodes()) text += "\n    " + node->describe();
  return text;
}

}  // namespace gaia::sim
