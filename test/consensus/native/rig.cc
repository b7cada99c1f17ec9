#include "rig.h"

namespace gaia::test {

void RigChannel::write(std::size_t offset, std::span<const std::byte> bytes) {
  operations_.push_back({offset, {bytes.begin(), bytes.end()}, Completion::Kind::read, true});
}

void RigChannel::read(std::size_t offset, std::size_t length) {
  operations_.push_back({offset, std::vector<std::byte>(length), Completion::Kind::read, false});
}

void RigChannel::readJournal(Index from) { operations_.push_back({from, {}, Completion::Kind::journal, false}); }

bool RigChannel::poll(Completion* completion) {
  if (answers_.empty()) return false;
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
  std::byte* place = owner_.region.base() + operation.offset;
  if (operation.writes) placeBytes(place, operation.bytes.data(), operation.bytes.size());
  else fetchBytes(operation.bytes.data(), place, operation.bytes.size());
}

void Rig::Seat::persist(const Record& record) {
  const auto bytes = record.whole();
  memory.journal.emplace_back(bytes.begin(), bytes.end());
  storeWord(memory.region.control().journaled, record.header.index);
}

Rig::Rig(std::size_t members) {
  std::vector<Member> all;
  for (std::size_t i = 0; i < members; i++) {
    all.push_back({static_cast<std::uint8_t>(i), static_cast<std::uint32_t>(i + 1), "rig", 1, 1});
  }
  for (const Member& self : all) {
    std::vector<Member> peers;
    for (const Member& other : all) {
      if (other.number != self.number) peers.push_back(other);
    }
    seats_[self.number] = std::make_unique<Seat>(self, peers);
  }
  for (auto& [number, seat] : seats_) {
    for (auto& [other, owner] : seats_) {
      if (other == number) continue;
      auto& channel = seat->channels[other] = std::make_unique<RigChannel>(owner->memory);
      seat->core.attach(other, channel.get());
    }
  }
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
  }
}

void Rig::tick(std::uint32_t number, std::uint64_t afterNs) {
  nowNs_ += afterNs;
  core(number).tick(nowNs_);
}

void Rig::stand(std::uint32_t number) {
  for (int i = 0; i < 100 && core(number).role() != Role::candidate; i++) tick(number, 100'000'000);
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
