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
  static constexpr std::size_t defaultRingBytes = 8u << 10;
  explicit RigMemory(Durability durability, std::size_t ringBytes = defaultRingBytes)
      : bytes(Region::bytesFor(ringBytes, durability)), region(bytes.data(), ringBytes, durability) {}
  std::vector<std::byte> bytes;
  Region region;
  std::vector<std::vector<std::byte>> journal;  // record of index i at i - 1
  std::vector<std::vector<std::byte>> snapshot;  // its pieces
};

class RigChannel : public Channel {
 public:
  explicit RigChannel(const RigMemory& owner) : owner_(owner) {}
  void write(std::size_t offset, std::span<const std::byte> bytes) override;
  void read(std::size_t offset, std::size_t length) override;
  void readJournal(Index from) override;
  void readSnapshot(Index index, std::uint32_t number) override;
  bool poll(Completion* completion) override;
  bool step();  // executes the oldest operation; false: there is none
  void withhold(bool withheld) { withheld_ = withheld; }  // its answers

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
  bool withheld_ = false;
};

class Rig {
 public:
  explicit Rig(std::size_t members, Durability durability = Durability::memory);
  Core& core(std::uint32_t number) { return seats_.at(number)->core; }
  const std::vector<std::string>& log(std::uint32_t number) { return seats_.at(number)->log; }
  const Region& region(std::uint32_t number) { return seats_.at(number)->memory.region; }

  void hold(std::uint32_t from, std::uint32_t to) { held_.insert({from, to}); }
  void release();
  void deafen(std::uint32_t number, std::uint32_t to);  // it hears nothing of `to`, which hears it
  void reconnect(std::uint32_t from, std::uint32_t to);  // what was under way is lost
  void release(std::uint32_t from, std::uint32_t to) { held_.erase({from, to}); }
  void flow();                              // executes what is not held and takes the answers, until nothing moves
  void step(std::uint32_t from, std::uint32_t to) { seats_.at(from)->channels.at(to)->step(), core(from).collect(); }
  void tick(std::uint32_t number, std::uint64_t afterNs = 2'000'000);
  void stand(std::uint32_t number);         // makes it a candidate, answered by whom no hold keeps from it; the others' clocks stand still
  bool electStepwise(std::uint32_t number);  // one operation at a time, until it leads
  bool lead(std::uint32_t number);          // stand, flow, apply, begin leading
  void follow(std::uint32_t number);        // applies what is decided
  Index propose(std::uint32_t leader, const std::string& text);  // 0: no room or no leadership
  bool committed(std::uint32_t leader) { return core(leader).role() == Role::leader && core(leader).settled(); }
  Ballot promise(std::uint32_t number) { return promiseOf(seats_.at(number)->memory.region.control()); }

  // --- durability `disk`
  void stall(std::uint32_t number) { stalled_.insert(number); }  // its disk keeps nothing more
  void resume(std::uint32_t number) { stalled_.erase(number); }
  void cut(std::uint32_t number);   // the member ends; its disk stays
  void restart(std::uint32_t number);

 private:
  struct Disk {
    PersistedLog log;
    std::size_t journal = 0;  // entries of the journal that are on it
    std::uint64_t life = 0;
    std::map<std::uint32_t, Position> ends;  // of what it has of each writer's ring
  };
  struct Seat : CoreListener {
    Seat(const Member& self, const std::vector<Member>& peers, Durability durability, const Recovery& recovery = {})
        : member(self), memory(durability), core({self, peers, false, recovery}, memory.region, *this) {}
    void persist(const Record& record) override;
    bool keepPiece(std::uint32_t, std::span<const std::byte> piece) override {
      kept.emplace_back(piece.begin(), piece.end());
      return true;
    }
    void changed() override {}
    Member member;
    RigMemory memory;
    std::vector<std::vector<std::byte>> kept;  // pieces of a fetched snapshot
    Core core;
    std::vector<std::string> log;
    std::map<std::uint32_t, std::unique_ptr<RigChannel>> channels;
  };
  bool keep(std::uint32_t number);  // its disk keeps what there is; false: nothing
  bool keepAll();
  std::vector<Member> others(std::uint32_t number) const;
  void connect(std::uint32_t from, std::uint32_t to);

  Durability durability_;
  std::vector<Member> members_;
  std::map<std::uint32_t, std::unique_ptr<Seat>> seats_;
  std::vector<std::unique_ptr<Seat>> ended_;
  std::map<std::uint32_t, Disk> disks_;
  std::set<std::uint32_t> stalled_;
  std::set<std::pair<std::uint32_t, std::uint32_t>> held_;
  std::uint64_t nowNs_ = 1'000'000'000;
};

}  // namespace gaia::test
