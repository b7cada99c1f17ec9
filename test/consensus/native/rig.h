// Cores of one group whose every operation the test lets happen: nothing moves, and no time passes, by itself.
#pragma once
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "core/core.h"

namespace gaia::test {

// One member's memory and journal: what others' operations work on.
struct RigMemory {
  static constexpr std::size_t ringBytes = 8u << 10;
  std::vector<std::byte> bytes = std::vector<std::byte>(Region::bytesFor(ringBytes));
  Region region{bytes.data(), ringBytes};
  std::vector<std::vector<std::byte>> journal;  // record of index i at i - 1
};

class RigChannel : public Channel {
 public:
  explicit RigChannel(const RigMemory& owner) : owner_(owner) {}
  void write(std::size_t offset, std::span<const std::byte> bytes) override;
  void read(std::size_t offset, std::size_t length) override;
  void readJournal(Index from) override;
  bool poll(Completion* completion) override;
  bool step();  // executes the oldest operation; false: there is none

 private:
  struct Operation {
    std::size_t offset;
    std::vector<std::byte> bytes;
    Completion::Kind kind;
    bool writes;
  };
  void execute(Operation& operation);
  const RigMemory& owner_;
  std::deque<Operation> operations_;
  std::deque<Operation> answers_;
  std::vector<std::byte> current_;
};

class Rig {
 public:
  explicit Rig(std::size_t members);
  Core& core(std::uint32_t number) { return seats_.at(number)->core; }
  const std::vector<std::string>& log(std::uint32_t number) { return seats_.at(number)->log; }

  void hold(std::uint32_t from, std::uint32_t to) { held_.insert({from, to}); }
  void release() { held_.clear(); }
  void flow();                              // executes what is not held and takes the answers, until nothing moves
  void step(std::uint32_t from, std::uint32_t to) { seats_.at(from)->channels.at(to)->step(), core(from).collect(); }
  void tick(std::uint32_t number, std::uint64_t afterNs = 2'000'000);
  void stand(std::uint32_t number);         // makes it a candidate; the others' clocks stand still
  bool electStepwise(std::uint32_t number);  // one operation at a time, until it leads
  bool lead(std::uint32_t number);          // stand, flow, apply, begin leading
  void follow(std::uint32_t number);        // applies what is decided
  Index propose(std::uint32_t leader, const std::string& text);  // 0: no room or no leadership
  bool committed(std::uint32_t leader) { return core(leader).role() == Role::leader && core(leader).settled(); }

 private:
  struct Seat : CoreListener {
    Seat(const Member& self, const std::vector<Member>& peers)
        : core({self, peers, false}, memory.region, *this) {}
    void persist(const Record& record) override;
    void changed() override {}
    RigMemory memory;
    Core core;
    std::vector<std::string> log;
    std::map<std::uint32_t, std::unique_ptr<RigChannel>> channels;
  };
  std::map<std::uint32_t, std::unique_ptr<Seat>> seats_;
  std::set<std::pair<std::uint32_t, std::uint32_t>> held_;
  std::uint64_t nowNs_ = 1'000'000'000;
};

}  // namespace gaia::test
