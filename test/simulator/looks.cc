// What a long life does now and then: it checks what can be checked at any time, and forgets what can come up no more.
#include "world.h"

namespace gaia::sim {
namespace {

constexpr std::size_t configurationsRemembered = 8;
constexpr std::uint64_t mournedNs = 10'000 * nsPerMs;  // longer than anybody goes on with a configuration that is over

}  // namespace

void World::look() {
  events.add(nowNs + options.lookEveryNs, Event::Kind::look);
  checkDigests();
  checkWaits();
  forget();
  onLook();
}

void World::answer(const Request& request) {
  if (!clients) return;
  clients->answered(request, nowNs);
  if (nowNs - request.sinceNs > options.answerWithinNs) failWait(nowNs - request.sinceNs);
}

void World::checkWaits() {
  const std::uint64_t waitsNs = clients ? clients->waitsNs(nowNs) : 0;
  if (waitsNs > options.answerWithinNs) failWait(waitsNs);
}

void World::failWait(std::uint64_t waitNs) {
  history.fail("clients: one waits " + std::to_string(waitNs / nsPerMs) + " ms for an answer, longer than " +
               std::to_string(options.answerWithinNs / nsPerMs) + ":" + describe());
}

void World::forget() {
  for (auto& [life, node] : nodes_) node->forgetWritten(options.healWithinNs + mournedNs);
  std::erase_if(channels_, [](const auto& entry) { return entry.second->over(); });
  for (auto& [id, channel] : channels_) channel->rest();
  forgetNodes();
  forgetConfigurations();
  forgetEntries();
}

// The dead, once no channel leads to them and no configuration counts on what their disks have kept.
void World::forgetNodes() {
  std::set<const Node*> met;
  for (const auto& [id, channel] : channels_) met.insert({&channel->writer(), &channel->owner()});
  std::set<std::uint32_t> forgotten;
  std::erase_if(nodes_, [&](const auto& entry) {
    const Node& node = *entry.second;
    const std::uint32_t number = node.member.number;
    const bool counted = newest().byNumber(number) != nullptr && living(number) == nullptr;
    if (node.alive || counted || met.contains(&node) || nowNs < node.diedNs + mournedNs) return false;
    forgotten.insert(number);
    return true;
  });
  for (const std::uint32_t number : forgotten) {
    if (living(number) == nullptr) silent_.erase(number);
  }
}

void World::forgetConfigurations() {
  if (decided_.size() > configurationsRemembered)
    decided_.erase(decided_.begin(), decided_.lower_bound(oldestInForce()));
  std::erase_if(proposals_, [&](const auto& proposal) { return proposal.first <= newest().index; });
}

// What nobody will execute any more. Of the snapshots that somebody keeps, the states.
void World::forgetEntries() {
  Index needed = history.decided();
  std::set<Index> kept;
  const auto note = [&](const SimJournal& journal, const SimSnapshots& snapshots) {
    needed = std::min(needed, journal.first());
    kept.insert(snapshots.index());
  };
  for (const auto& [life, node] : nodes_) {
    if (!node->alive) continue;
    note(node->journal, node->snapshots);
    if (node->disk) note(node->disk->journal(), node->disk->snapshots());
  }
  for (const auto& [place, down] : down_) note(down.disk->journal(), down.disk->snapshots());
  history.forgetBelow(needed, kept);
}

}  // namespace gaia::sim
