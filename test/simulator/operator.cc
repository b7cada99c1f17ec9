// What the operator of the group does: replaces the dead, grows, shrinks, replaces the living, moves the
// leadership.
#include "world.h"

namespace gaia::sim {
namespace {

constexpr std::size_t slotsMin = 3;
constexpr std::uint64_t restartNs = 20 * nsPerMs;

}  // namespace

void World::change() {
  const std::uint64_t everyNs = options.changeEveryNs != 0 ? options.changeEveryNs : restartNs;
  events.add(nowNs + random.between(everyNs / 2, everyNs * 3 / 2), Event::Kind::change);
  if (options.oneAtATime || random.oneIn(2)) stopRemoved();
  if (replace() || !faulty_ || options.changeEveryNs == 0 || !changesWhatIsWell()) return;
  if (!options.resizes) return random.oneIn(2) ? replaceLiving() : askHandOver();
  switch (random.below(4)) {
    case 0:
    case 1:
      return resize();
    case 2:
      return replaceLiving();
    default:
      return askHandOver();
  }
}

bool World::changesWhatIsWell() {
  return (options.changeOneIn == 1 || random.oneIn(options.changeOneIn)) && (!options.oneAtATime || whole());
}

void World::askHandOver() {
  if (Node* leading = leader()) leading->askHandOver();
}

// Fills one slot in which nobody lives. True: there was one.
bool World::replace() {
  for (const std::uint8_t slot : slots_) {
    bool filled = false;
    for (const Node* node : livingNodes()) filled = filled || node->member.slot == slot;
    for (const auto& [place, down] : down_) filled = filled || down.member.slot == slot;
    if (filled) continue;
    start(slot);
    return true;
  }
  return false;
}

void World::start(std::uint8_t slot) {
  std::vector<Member> peers;
  for (const Node* node : livingNodes()) {
    if (node->core.role() != Role::learner) peers.push_back(node->member);
  }
  if (peers.empty()) return;
  const Member* old = newest().inSlot(slot);
  if (mutant(Mutant::sameIdentity) && old != nullptr && living(old->number) == nullptr) {
    const std::vector<Member> others = newest().without(old->number).members;
    add(Member(*old), others, false);
    return;
  }
  add({slot, nextNumber_++, "", 1, 1}, peers, true);
}

void World::resize() {
  const bool grow = random.oneIn(2) ? slots_.size() < slotsMax : slots_.size() <= slotsMin;
  if (!grow) {
    if (traced_) say("the operator takes a slot away");
    slots_.erase(std::next(slots_.begin(), static_cast<long>(random.below(slots_.size()))));
    return;
  }
  std::uint8_t slot = 0;
  while (slots_.contains(slot)) slot++;
  slots_.insert(slot);
  start(slot);
}

// A new member for the slot of one that is well: as when a machine is drained, or was unreachable for long.
void World::replaceLiving() {
  std::vector<Node*> nodes = livingNodes();
  if (nodes.empty()) return;
  const std::uint8_t slot = random.pick(nodes)->member.slot;
  const auto inSlot =
      std::count_if(nodes.begin(), nodes.end(), [&](Node* node) { return node->member.slot == slot; });
  if (inSlot == 1 && slots_.contains(slot)) start(slot);
}

// Ends members that the newest configuration no longer counts, some time after it was decided, and lost
// joiners.
void World::stopRemoved() {
  const Configuration& current = newest();
  for (Node* node : livingNodes()) {
    if (current.byNumber(node->member.number)) continue;
    const Member* occupant = current.inSlot(node->member.slot);
    const bool replaced = occupant != nullptr && occupant->number > node->member.number;
    // A joiner all of whose acquaintances are gone asks nobody any more.
    const bool stranded = node->channels.empty() && nowNs > node->bornNs + options.strandedNs;
    const bool over = replaced || stranded || node->counted() || !slots_.contains(node->member.slot);
    if (over && mayCrash(*node)) crash(*node);
  }
}

}  // namespace gaia::sim
