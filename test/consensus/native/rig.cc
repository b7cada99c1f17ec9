#include "rig.h"

#include <algorithm>
#include <stdexcept>

namespace gaia::test {

void RigChannel::write(std::size_t offset, std::span<const std::byte> bytes) {
  operations_.push_back({offset, {bytes.begin(), bytes.end()}, Completion::Kind::read, true});
}

void RigChannel::read(std::size_t offset, std::size_t length) {
  operations_.push_back({offset, std::vector<std::byte>(length), Completion::Kind::read, false});
}

void RigChannel::readJournal(Index from) { operations_.push_back({from, {}, Completion::Kind::journal, false}); }

void RigChannel::readSnapshot(Index index, std::uint32_t number) {
  operations_.push_back({number, std::vector<std::byte>(index == 0 ? 0 : 1), Completion::Kind::snapshot, false});
}

bool RigChannel::poll(Completion* completion) {
  if (answers_.empty() || withheld_) return false;
  current_ = std::move(answers_.front().bytes);
  *completion = {answers_.front().kind, current_};
  answers_.pop_front();
  return true;
}

bool RigChannel::step() {
  if (operations_.empty()) return false;
  Operation operation = std::move(operations_.front());
  operations_.pop_front();
  execute(operation);
  if (!operation.writes) answers_.push_back(std::move(operation));
  return true;
}

void RigChannel::execute(Operation& operation) {
  if (operation.kind == Completion::Kind::journal) {
    for (Index i = operation.offset; i <= owner_.journal.size() && operation.bytes.size() < 4096; i++) {
      const auto& record = owner_.journal[i - 1];
      operation.bytes.insert(operation.bytes.end(), record.begin(), record.end());
    }
    return;
  }
  if (operation.kind == Completion::Kind::snapshot) {
    const bool has = !operation.bytes.empty() && operation.offset < owner_.snapshot.size();
    operation.bytes = has ? owner_.snapshot[operation.offset] : std::vector<std::byte>();
    return;
  }
  std::byte* place = owner_.region.base() + operation.offset;
  if (operation.writes) placeBytes(place, operation.bytes.data(), operation.bytes.size());
  else fetchBytes(operation.bytes.data(), place, operation.bytes.size());
}

void Rig::Seat::persist(const Record& record) {
  const auto bytes = record.whole();
  memory.journal.emplace_back(bytes.begin(), bytes.end());
  storeWord(memory.region.control().journaled, record.header.index);
}

Rig::Rig(std::size_t members, Durability durability) : durability_(durability) {
  for (std::size_t i = 0; i < members; i++) {
    members_.push_back({static_cast<std::uint8_t>(i), static_cast<std::uint32_t>(i + 1), "rig", 1, 1});
  }
  for (const Member& self : members_) seats_[self.number] = std::make_unique<Seat>(self, others(self.number), durability);
  for (const Member& from : members_) {
    for (const Member& to : others(from.number)) connect(from.number, to.number);
  }
}

std::vector<Member> Rig::others(std::uint32_t number) const {
  std::vector<Member> others;
  for (const Member& member : members_) {
    if (member.number != number) others.push_back(member);
  }
  return others;
}

void Rig::connect(std::uint32_t from, std::uint32_t to) {
  if (durability_ == Durability::disk && !core(to).returned(from, disks_[from].life)) throw std::runtime_error("not now");
  auto& channel = seats_.at(from)->channels[to] = std::make_unique<RigChannel>(seats_.at(to)->memory);
  core(from).attach(seats_.at(to)->member, channel.get(), disks_[to].life);
}

// Leaders ask again after what was kept, as the runtime does.
bool Rig::keepAll() {
  bool kept = false;
  if (durability_ == Durability::memory) return false;
  for (auto& [number, seat] : seats_) kept = keep(number) || kept;
  for (auto& [number, seat] : seats_) {
    if (kept && seat->core.role() == Role::leader) seat->core.replicate();
  }
  return kept;
}

bool Rig::keep(std::uint32_t number) {
  if (stalled_.contains(number)) return false;
  const PersistOrder order = core(number).takePersistOrder();
  Disk& disk = disks_[number];
  bool inOrder = true;
  inOrder = eachRecord(order.records, [&](const Record& record) {
    Position& end = disk.ends[numberOf(record.header.ballot)];
    inOrder = inOrder && record.header.position >= end;
    end = record.header.position + record.whole().size();
  }) && inOrder;
  if (!inOrder) throw std::runtime_error("what is to be kept was written over");
  disk.journal = std::max<std::size_t>(disk.journal, order.journal);
  disk.log.promise = std::max(disk.log.promise, order.promise);
  disk.log.records.insert(disk.log.records.end(), order.records.begin(), order.records.end());
  core(number).persisted(order);
  return !order.empty();
}

void Rig::cut(std::uint32_t number) {
  for (const Member& other : others(number)) {
    if (!seats_.contains(other.number)) continue;
    core(other.number).detach(number);
    seats_.at(other.number)->channels.erase(number);
  }
  ended_.push_back(std::move(seats_.at(number)));
  seats_.erase(number);
}

void Rig::restart(std::uint32_t number) {
  const auto& former = *std::find_if(ended_.rbegin(), ended_.rend(), [&](auto& seat) { return seat->member.number == number; });
  Disk& disk = disks_[number];
  disk.life++;
  disk.ends.clear();  // leaders write to the new memory what they still have
  std::vector<std::vector<std::byte>> journal = former->memory.journal;
  journal.resize(disk.journal);
  Done done;
  std::vector<std::byte> entries;
  for (const auto& bytes : journal) {
    entries.insert(entries.end(), bytes.begin(), bytes.end());
    eachRecord(bytes, [&](const Record& record) { done = {record.header.index, record.header.origin}; });
  }
  const Recovery recovery = sortOut(disk.log, number, RigMemory::defaultRingBytes, done);
  for (const Found& found : recovery.decided) entries.insert(entries.end(), found.bytes.begin(), found.bytes.end());
  disk.log.ringEnd = recovery.ringStart;
  seats_[number] = std::make_unique<Seat>(former->member, others(number), durability_, recovery);
  core(number).replay(entries);
  follow(number);
  for (const Member& other : others(number)) {
    if (!seats_.contains(other.number)) continue;
    connect(number, other.number);
    connect(other.number, number);
  }
}

void Rig::release() {
  held_.clear();
  for (auto& [number, seat] : seats_) {
    for (auto& [other, channel] : seat->channels) channel->withhold(false);
  }
}

void Rig::deafen(std::uint32_t number, std::uint32_t to) {
  hold(to, number);
  seats_.at(number)->channels.at(to)->withhold(true);
}

void Rig::reconnect(std::uint32_t from, std::uint32_t to) {
  auto& channel = seats_.at(from)->channels.at(to);
  core(from).detach(to);
  channel = std::make_unique<RigChannel>(seats_.at(to)->memory);
  core(from).attach(seats_.at(to)->member, channel.get());
}

void Rig::flow() {
  for (bool moved = true; moved;) {
    moved = false;
    for (auto& [number, seat] : seats_) {
      for (auto& [other, channel] : seat->channels) {
        if (held_.contains({number, other})) continue;
        while (channel->step()) moved = true;
      }
      seat->core.collect();
    }
    moved = keepAll() || moved;
  }
}

void Rig::tick(std::uint32_t number, std::uint64_t afterNs) {
  nowNs_ += afterNs;
  core(number).tick(nowNs_);
}

void Rig::stand(std::uint32_t number) {
  for (int i = 0; i < 100; i++) {
    tick(number, 100'000'000);
    if (core(number).role() == Role::candidate) return;
    for (auto& [other, channel] : seats_.at(number)->channels) {
      while (!held_.contains({number, other}) && channel->step()) continue;
    }
    core(number).collect();
  }
}

bool Rig::electStepwise(std::uint32_t number) {
  stand(number);
  for (int i = 0; i < 100 && core(number).role() == Role::candidate; i++) {
    for (auto& [other, channel] : seats_.at(number)->channels) {
      if (!held_.contains({number, other})) channel->step();
      core(number).collect();
      if (core(number).role() == Role::leader) return true;
    }
  }
  return false;
}

bool Rig::lead(std::uint32_t number) {
  stand(number);
  flow();
  for (int i = 0; i < 20 && durability_ == Durability::disk && core(number).role() == Role::candidate; i++) {
    tick(number);
    flow();
  }
  follow(number);
  if (!core(number).readyToLead()) return false;
  core(number).beginLeading();
  return true;
}

void Rig::follow(std::uint32_t number) {
  Entry entry;
  while (core(number).next(&entry)) {
    seats_.at(number)->log.emplace_back(reinterpret_cast<const char*>(entry.payload.data()), entry.payload.size());
    core(number).applied(entry.index, 0, 0);
  }
}

Index Rig::propose(std::uint32_t leader, const std::string& text) {
  std::byte* room = core(leader).reserve(text.size());
  if (room == nullptr) return 0;
  std::memcpy(room, text.data(), text.size());
  const Index index = core(leader).append(EntryKind::turn, text.size());
  core(leader).replicate();
  return index;
}

}  // namespace gaia::test
