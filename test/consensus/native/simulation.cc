#include "simulation.h"

#include <algorithm>

namespace gaia::test {

void SimChannel::add(Operation::Kind kind, std::size_t offset, std::vector<std::byte> bytes) {
  lastDueNs_ = std::max(lastDueNs_, world_.nowNs + world_.delayNs());
  operations_.push_back({kind, offset, std::move(bytes), lastDueNs_});
}

void SimChannel::write(std::size_t offset, std::span<const std::byte> bytes) {
  add(Operation::Kind::write, offset, {bytes.begin(), bytes.end()});
}

void SimChannel::read(std::size_t offset, std::size_t length) {
  add(Operation::Kind::read, offset, std::vector<std::byte>(length));
}

void SimChannel::readJournal(Index from) { add(Operation::Kind::journal, from, {}); }

void SimChannel::step() {
  while (!operations_.empty() && operations_.front().dueNs <= world_.nowNs) {
    execute(operations_.front());
    operations_.pop_front();
  }
}

void SimChannel::execute(Operation& operation) {
  std::byte* place = owner_.memory.data() + operation.offset;
  switch (operation.kind) {
    case Operation::Kind::write: return placeBytes(place, operation.bytes.data(), operation.bytes.size());
    case Operation::Kind::read:
      fetchBytes(operation.bytes.data(), place, operation.bytes.size());
      answers_.push_back({Completion::Kind::read, std::move(operation.bytes), world_.nowNs + world_.delayNs()});
      return;
    case Operation::Kind::journal: {
      std::vector<std::byte> bytes;
      for (Index i = operation.offset; i <= owner_.journal.size() && bytes.size() < 4096; i++) {
        bytes.insert(bytes.end(), owner_.journal[i - 1].begin(), owner_.journal[i - 1].end());
      }
      answers_.push_back({Completion::Kind::journal, std::move(bytes), world_.nowNs + world_.delayNs()});
    }
  }
}

void SimChannel::tear() {
  while (!operations_.empty() && !world_.chance(3)) {
    execute(operations_.front());
    operations_.pop_front();
  }
  if (!operations_.empty() && operations_.front().kind == Operation::Kind::write && operations_.front().bytes.size() > 8) {
    Operation& torn = operations_.front();
    torn.bytes.resize(8 * world_.draw(torn.bytes.size() / 8));
    execute(torn);
  }
  operations_.clear();
}

bool SimChannel::poll(Completion* completion) {
  if (answers_.empty() || answers_.front().dueNs > world_.nowNs) return false;
  current_ = std::move(answers_.front().bytes);
  *completion = {answers_.front().kind, current_};
  answers_.pop_front();
  return true;
}

Node::Node(World& world, const Member& self, const std::vector<Member>& peers, bool join)
    : world(world),
      member(self),
      memory(Region::bytesFor(World::ringBytes)),
      region(memory.data(), World::ringBytes),
      core(CoreOptions{self, peers, join}, region, *this) {}

void Node::persist(const Record& record) {
  const auto bytes = record.whole();
  const Index index = record.header.index;
  if (index != journal.size() + 1) return world.fail("applied out of order");
  journal.emplace_back(bytes.begin(), bytes.end());
  storeWord(region.control().journaled, index);
  std::string content = std::to_string(record.header.origin) + ":" + std::to_string(record.header.kind) + ":";
  content.append(reinterpret_cast<const char*>(record.payload().data()), record.payload().size());
  const auto [known, fresh] = world.decided.emplace(index, content);
  if (!fresh && known->second != content) {
    world.fail("member " + std::to_string(member.number) + " applied another entry at " + std::to_string(index) +
               " than others: origin, kind, content " + content.substr(0, 50) + " instead of " + known->second.substr(0, 50) +
               " under ballot " + std::to_string(record.header.ballot));
  }
}

void Node::turn() {
  if (leading) return lead();
  Entry entry;
  if (core.next(&entry)) {
    if (world.chance(2)) core.applied(entry.index, entry.index * 7, 1);
  } else if (core.readyToLead()) {
    core.beginLeading();
    leading = true;
  }
}

void Node::lead() {
  if (core.role() != Role::leader) {
    leading = false;
    proposed.clear();
    return core.endLeading();
  }
  if (!proposed.empty()) {
    core.replicate();
    core.collect();
    if (core.role() != Role::leader || !core.settled()) return;
    for (const auto& [index, text] : proposed) {
      world.acknowledged_[index] = text;
      core.applied(index, index * 7, 1);
    }
    proposed.clear();
    return;
  }
  if (core.joining() != nullptr || !removals.empty()) return reconfigure();
  if (world.chance(500) && core.handOver(0)) return;
  for (std::uint64_t count = 1 + world.draw(3); count > 0; count--) {
    const std::string text = "entry " + std::to_string(world.counter++) + std::string(world.draw(300), 'x');
    std::byte* room = core.reserve(512);
    if (room == nullptr) break;
    std::memcpy(room, text.data(), text.size());
    proposed.emplace_back(core.append(EntryKind::turn, text.size()), text);
  }
  core.replicate();
}

void Node::reconfigure() {
  Configuration next = core.configuration();
  if (const Member* joining = core.joining()) next = next.with(*joining);
  else next = next.without(*removals.begin());
  removals.clear();
  if (!core.propose(next)) return;
  leading = false;
  core.endLeading();
}

World::World(std::uint64_t seed, std::size_t members) : random_(seed), size_(members) {
  std::vector<Member> all;
  for (std::size_t i = 0; i < members; i++) all.push_back({static_cast<std::uint8_t>(i), nextNumber_++, "sim", 1, 1});
  for (const Member& self : all) {
    std::vector<Member> peers;
    for (const Member& other : all) {
      if (other.number != self.number) peers.push_back(other);
    }
    nodes_.push_back(std::make_unique<Node>(*this, self, peers, false));
  }
}

void World::fail(const std::string& what) {
  if (failure_.empty()) failure_ = what;
}

Node* World::byNumber(std::uint32_t number) {
  for (auto& node : nodes_) {
    if (node->member.number == number) return node.get();
  }
  return nullptr;
}

void World::connect() {
  for (auto& node : nodes_) {
    for (const Member& member : node->core.wanted()) {
      Node* owner = byNumber(member.number);
      if (owner == nullptr) {
        if (chance(20)) node->core.declareDead(member.number);
        continue;
      }
      if (node->channels.contains(member.number) || cut_.contains({node->member.number, member.number})) continue;
      auto& channel = node->channels[member.number] = std::make_unique<SimChannel>(*this, *owner);
      node->core.attach(member.number, channel.get());
    }
  }
}

void World::crash(Node& node) {
  for (auto& other : nodes_) {
    const auto channel = other->channels.find(node.member.number);
    if (channel == other->channels.end()) continue;
    other->core.detach(node.member.number);
    other->channels.erase(channel);
  }
  for (auto& [number, channel] : node.channels) channel->tear();
  const auto at = std::find_if(nodes_.begin(), nodes_.end(), [&](auto& other) { return other.get() == &node; });
  dead_.push_back(std::move(*at));
  nodes_.erase(at);
}

// A new member for a slot that nobody fills, when the group can still decide it.
void World::replace() {
  std::set<std::uint8_t> filled;
  for (auto& node : nodes_) filled.insert(node->member.slot);
  for (std::uint8_t slot = 0; slot < size_; slot++) {
    if (filled.contains(slot)) continue;
    const Member self{slot, nextNumber_++, "sim", 1, 1};
    nodes_.push_back(std::make_unique<Node>(*this, self, std::vector<Member>{nodes_.front()->member}, true));
    replaced_++;
    return;
  }
}

void World::fault() {
  Node& node = *nodes_[draw(nodes_.size())];
  switch (draw(6)) {
    case 0: node.pausedUntilNs = nowNs + draw(900'000'000); break;
    case 1: {
      Node& owner = *nodes_[draw(nodes_.size())];
      const auto channel = node.channels.find(owner.member.number);
      if (channel == node.channels.end()) break;
      channel->second->tear();
      node.core.detach(owner.member.number);
      node.channels.erase(channel);
      if (chance(2)) cut_.insert({node.member.number, owner.member.number});
      break;
    }
    case 2: cut_.clear(); break;
    case 3: {
      std::size_t whole = 0;  // members that everyone could lose the others to
      for (auto& other : nodes_) whole += other->core.role() != Role::learner ? 1 : 0;
      if (whole == size_ && nodes_.size() == size_ && chance(3)) crash(node);
      break;
    }
    default: replace(); break;
  }
}

void World::step() {
  nowNs += 20'000 + draw(80'000);
  if (faulty_ && chance(400)) fault();
  if (!faulty_ && chance(400)) replace();
  if (chance(10)) connect();
  for (auto& node : nodes_) {
    for (auto& [number, channel] : node->channels) channel->step();
  }
  Node& node = *nodes_[draw(nodes_.size())];
  if (node.pausedUntilNs > nowNs) return;
  if (chance(2)) node.core.tick(nowNs);
  else for (int i = 0; i < 8; i++) node.turn();
}

void World::check() {
  for (const auto& [index, text] : acknowledged_) {
    const auto known = decided.find(index);
    if (known == decided.end() || known->second.find(":1:" + text) == std::string::npos) {
      return fail("acknowledged entry " + std::to_string(index) + " is lost");
    }
  }
  for (auto& node : nodes_) {
    if (node->core.divergence()) fail("digests of equal executions differ");
  }
}

void World::run(std::uint64_t faultyNs, std::uint64_t healthyNs) {
  for (const std::uint64_t end = nowNs + faultyNs; nowNs < end && failure_.empty();) step();
  faulty_ = false;
  cut_.clear();
  for (auto& node : nodes_) node->pausedUntilNs = 0;
  const Index before = applied();
  for (const std::uint64_t end = nowNs + healthyNs; nowNs < end && failure_.empty();) step();
  check();
  if (applied() <= before) fail("a healthy group makes no progress:" + describe());
  for (auto& node : nodes_) {
    if (node->core.appliedIndex() <= before) fail("member " + std::to_string(node->member.number) + " is left behind:" + describe());
  }
}

std::string World::describe() const {
  std::string text;
  for (const auto& node : nodes_) {
    const Core& core = node->core;
    text += "\n  member " + std::to_string(node->member.number) + " slot " + std::to_string(node->member.slot) + " role " +
            std::to_string(static_cast<int>(core.role())) + (node->leading ? " (turn thread leads)" : "") + " applied " +
            std::to_string(core.appliedIndex()) + " committed " + std::to_string(core.committedIndex()) + " ballot " +
            std::to_string(core.ballot()) + " highest " + std::to_string(core.leaderBallot()) + " configuration";
    for (const Member& member : core.configuration().members) text += " " + std::to_string(member.number);
    text += " channels";
    for (const auto& [number, channel] : node->channels) text += " " + std::to_string(number);
  }
  return text;
}

Index World::applied() const {
  Index highest = 0;
  for (const auto& node : nodes_) highest = std::max(highest, node->core.appliedIndex());
  return highest;
}

std::uint64_t World::elections() const {
  std::uint64_t sum = 0;
  for (const auto& node : nodes_) sum += node->core.elections();
  return sum;
}

}  // namespace gaia::test
