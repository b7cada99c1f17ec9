#include "world.h"

namespace gaia::sim {
namespace {

constexpr std::size_t traceLinesMax = 1'000'000;

}  // namespace

World::World(std::uint64_t seed, const LifeOptions& options, bool traced)
    : random(seed), options(options), traced_(traced) {
  found();
  events.add(nowNs + options.faultEveryNs, Event::Kind::fault);
  events.add(nowNs + 20 * nsPerMs, Event::Kind::change);
  if (options.requestEveryNs) clients.emplace(random.next(), *options.requestEveryNs, nowNs);
  if (options.lookEveryNs != 0) events.add(nowNs + options.lookEveryNs, Event::Kind::look);
  if (options.durability == Durability::disk) count(Count::diskLives);
  if (options.snapshots) count(Count::snapshotLives);
  if (options.snapshots && options.durability == Durability::disk) count(Count::keptSnapshotLives);
}

// Who has left is ended by whoever started it, and would be missed as soon as it counted again. Numbers rise.
void World::decided(const Configuration& configuration) {
  const bool forgotten = configuration.index < decided_.begin()->first;
  if (forgotten || decided_.contains(configuration.index)) return;
  const Configuration& before = newest();
  for (const Member& member : before.members) {
    if (!configuration.byNumber(member.number)) left_[member.slot] = member.number;
  }
  for (const Member& member : configuration.members) {
    if (member.number <= left_[member.slot])
      history.fail("departure: member " + std::to_string(member.number) + " has left and counts again");
  }
  decided_[configuration.index] = configuration;
}

void World::found() {
  std::vector<Member> founders;
  for (std::size_t i = 0; i < options.members; i++) {
    const auto slot = static_cast<std::uint8_t>(i);
    founders.push_back({slot, nextNumber_++, "", 1, 1});
    slots_.insert(slot);
  }
  decided_[0].members = founders;
  for (const Member& self : founders) {
    std::vector<Member> peers;
    for (const Member& other : founders) {
      if (other.number != self.number) peers.push_back(other);
    }
    add(self, peers, false);
  }
}

Node& World::add(const Member& self, const std::vector<Member>& peers, bool join) {
  const bool keeps = options.durability == Durability::disk;
  return add(self, keeps ? std::make_shared<SimDisk>(self, peers, join) : nullptr, peers, join);
}

Node& World::add(const Member& self, std::shared_ptr<SimDisk> disk, const std::vector<Member>& peers,
                 bool join) {
  const std::uint32_t life = nextLife_++;
  if (traced_)
    say("member ", self.number, " starts in slot ", static_cast<int>(self.slot), join ? " to join" : "");
  auto node = std::make_unique<Node>(*this, life, self, std::move(disk), peers, join);
  return *nodes_.emplace(life, std::move(node)).first->second;
}

Outcome World::live() {
  pass(options.faultyNs);
  recover();
  while (!ended_ && history.failure().empty()) step();
  if (history.failure().empty()) history.end();
  count(Count::entries, history.decided());
  count(Count::acknowledged, history.acknowledgements());
  return {history.failure(), statistics_, digest_, nowNs, {trace_.begin(), trace_.end()}};
}

void World::pass(std::uint64_t forNs) {
  const std::uint64_t endNs = nowNs + forNs;
  while (nowNs < endNs && history.failure().empty()) step();
}

void World::step() {
  const Event event = events.take();
  nowNs = std::max(nowNs, event.atNs);
  digest(event.atNs ^ static_cast<std::uint64_t>(event.kind) << 56, event.target);
  count(Count::events);
  handle(event);
}

// Whatever it was meant for may be gone and forgotten.
void World::handle(const Event& event) {
  if (event.isOfNode()) {
    const auto node = nodes_.find(event.target);
    return node == nodes_.end() ? void() : handle(event, *node->second);
  }
  if (event.isOfChannel()) {
    const auto channel = channels_.find(event.target);
    if (channel == channels_.end()) return;
    return event.kind == Event::Kind::answer ? channel->second->arrive() : channel->second->execute();
  }
  handleOfAll(event);
}

void World::handle(const Event& event, Node& node) {
  switch (event.kind) {
    case Event::Kind::tick:
      return node.tick();
    case Event::Kind::turn:
      return node.turn();
    case Event::Kind::connect:
      return node.connect(event.detail);
    case Event::Kind::reset:
      return node.reset(event.detail);
    case Event::Kind::strike:
      return strike(node);
    case Event::Kind::disk:
      return node.keep();
    case Event::Kind::condemned:
      return lose(node);
    default:
      return sever(node, event.detail);
  }
}

void World::handleOfAll(const Event& event) {
  switch (event.kind) {
    case Event::Kind::resume:
      return resumeChannels();
    case Event::Kind::fault:
      return fault();
    case Event::Kind::heal:
      return heal();
    case Event::Kind::change:
      return change();
    case Event::Kind::probe:
      return probe();
    case Event::Kind::outage:
      return faulty_ ? losePower() : void();
    case Event::Kind::look:
      return look();
    default:
      return restart(event.target);
  }
}

void World::resumeChannels() {
  for (auto& [id, channel] : channels_) channel->resume();
}

std::uint64_t World::delayNs() {
  return random.oneIn(options.tailOneIn) ? random.below(options.tailNs) : random.below(options.delayNs);
}

bool World::cut(const Node& from, const Node& to) const {
  return !cuts_.empty() && cuts_.contains({from.life, to.life});
}

// N3: before the owner accepts a channel it destroys what is left of the same writer's earlier ones; if the
// writer counts as a member, also those of the members that had its slot before, which are refused from then
// on.
SimChannel* World::open(Node& writer, Node& owner) {
  const Member& self = writer.member;
  if (self.number < owner.writers[self.slot] || !owner.accept(writer)) return nullptr;
  const bool counts = writer.core.role() != Role::learner && !mutant(Mutant::predecessorWrites);
  if (counts) owner.writers[self.slot] = self.number;
  for (auto& [place, channel] : channels_) {
    if (&channel->owner() != &owner) continue;
    const Member& other = channel->writer().member;
    const bool predecessor = counts && other.slot == self.slot && other.number < self.number;
    const bool same = other.number == self.number && !mutant(Mutant::lateDuplicate);
    if (same || predecessor) channel->destroy();
  }
  const std::uint32_t id = nextChannel_++;
  const auto added = channels_.emplace(
      id, std::make_unique<SimChannel>(*this, id, writer, owner, random.oneIn(options.byOwnerOneIn)));
  if (traced_) say("member ", writer.member.number, " opens a channel to member ", owner.member.number);
  return added.first->second.get();
}

Node* World::living(std::uint32_t number) {
  for (auto& [life, node] : nodes_) {
    if (node->alive && node->member.number == number) return node.get();
  }
  return nullptr;
}

std::vector<Node*> World::livingNodes() const {
  std::vector<Node*> living;
  for (auto& [life, node] : nodes_) {
    if (node->alive) living.push_back(node.get());
  }
  return living;
}

bool World::refused(std::uint32_t number) { return living(number) == nullptr && !silent_.contains(number); }

bool World::livesOrReturns(std::uint32_t number) const {
  const auto lives = [&](const auto& entry) {
    const Node& node = *entry.second;
    return node.alive && !node.condemned() && node.member.number == number;
  };
  const auto returns = [&](const auto& entry) { return entry.second.member.number == number; };
  return std::any_of(nodes_.begin(), nodes_.end(), lives) || std::any_of(down_.begin(), down_.end(), returns);
}

bool World::survivable(const Configuration& configuration, const Node* without) const {
  std::size_t there = 0;
  for (const Member& member : configuration.members) {
    const bool excepted = without != nullptr && without->member.number == member.number;
    there += !excepted && livesOrReturns(member.number) ? 1 : 0;
  }
  return there >= configuration.majority();
}

std::uint32_t World::unwanted(const Configuration& configuration) const {
  for (const Member& member : configuration.members) {
    if (!slots_.contains(member.slot)) return member.number;
  }
  return 0;
}

void World::remember(std::string text) {
  if (onWord) return onWord(text);
  trace_.push_back(std::move(text));
  if (trace_.size() > traceLinesMax) trace_.pop_front();
}

}  // namespace gaia::sim
