#include "channel_pair.h"

#include <cstring>

#include "group.h"
#include "link_pair.h"
#include "machine_pair.h"
#include "rig.h"

namespace gaia::test {
namespace {

// The simulator's channel, on memory of this size.
class SimPair : public ChannelPair {
 public:
  explicit SimPair(std::unique_ptr<RigMemory> memory) : ChannelPair(memory->region), memory_(std::move(memory)) {
    end();
  }
  Channel& channel() override { return *channel_; }
  bool open() const override { return true; }
  void step(bool) override {
    memory_->journal.assign(1, journal);
    while (channel_->step()) continue;
  }
  void end() override { channel_ = std::make_unique<RigChannel>(*memory_); }

 private:
  std::unique_ptr<RigMemory> memory_;
  std::unique_ptr<RigChannel> channel_;
};

}  // namespace

const char* nameOf(Way way) {
  switch (way) {
    case Way::shm: return "shm";
    case Way::tcp: return "tcp";
    case Way::verbs: return "verbs";
    case Way::card: return "verbs on a card made of memory";
    case Way::sim: return "sim";
    case Way::machine: return "verbs to another machine";
  }
  return "";
}

std::unique_ptr<ChannelPair> makePair(Way way, std::string* reason) {
  if (way == Way::sim) return std::make_unique<SimPair>(std::make_unique<RigMemory>(Durability::memory, ChannelPair::ringBytes));
  auto pair = way == Way::machine ? makeMachinePair(reason) : makeLinkPair(way, reason);
  if (pair != nullptr) pair->readsMayBeLate = way == Way::verbs || way == Way::machine;
  return pair;
}

bool ChannelPair::until(const std::function<bool()>& condition) {
  const std::uint64_t deadlineNs = sys::nowNs() + patienceHere() * 10'000'000'000;
  while (!condition()) {
    if (sys::nowNs() > deadlineNs) return false;
    step();
  }
  return true;
}

bool ChannelPair::reopen() {
  return until([&] { return open(); });
}

std::vector<ChannelPair::Bytes> ChannelPair::answers(std::size_t count) {
  std::vector<Bytes> all;
  until([&] {
    for (Completion completion; all.size() < count && channel().poll(&completion);) {
      all.emplace_back(completion.bytes.begin(), completion.bytes.end());
    }
    return all.size() == count || !open();
  });
  return all;
}

ChannelPair::Bytes ChannelPair::read(std::size_t offset, std::size_t length) {
  channel().read(offset, length);
  auto all = answers(1);
  return all.empty() ? Bytes() : all.front();
}

ChannelPair::Bytes ChannelPair::memory(std::size_t offset, std::size_t length) {
  Bytes bytes(length);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  transferBytes(bytes.data(), region_.base() + offset, length);
  return bytes;
}

std::uint64_t ChannelPair::word(std::size_t offset) {
  std::uint64_t value = 0;
  std::memcpy(&value, memory(offset, sizeof(value)).data(), sizeof(value));
  return value;
}

void ChannelPair::writeWord(std::size_t offset, std::uint64_t value) {
  channel().write(offset, std::as_bytes(std::span(&value, 1)));
}

}  // namespace gaia::test
