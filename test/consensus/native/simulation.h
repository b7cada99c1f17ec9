// Many lives of a group in one thread: real cores, simulated memory, network, turn threads and faults, from one seed.
// Operations of one channel stay in order; everything else (delay, loss of channels, torn writes, pauses, crashes,
// one-way partitions, replacement of members) is drawn.
#pragma once
#include <deque>
#include <memory>
#include <random>
#include <set>
#include <string>

#include "core/core.h"

namespace gaia::test {

class World;

struct Node;

// One incarnation of a channel. Cut in the middle it executes a prefix of its operations, the last one maybe torn (N3:
// the owner has destroyed it before a new one begins).
class SimChannel : public Channel {
 public:
  SimChannel(World& world, Node& owner) : world_(world), owner_(owner) {}
  void write(std::size_t offset, std::span<const std::byte> bytes) override;
  void read(std::size_t offset, std::size_t length) override;
  void readJournal(Index from) override;
  bool poll(Completion* completion) override;
  void step();  // executes what is due
  void tear();  // executes a random prefix of what is under way, then nothing any more

 private:
  struct Operation {
    enum class Kind : std::uint8_t { write, read, journal } kind;
    std::size_t offset;
    std::vector<std::byte> bytes;  // of a write; of a read: its answer, sized
    std::uint64_t dueNs;
  };
  struct Answer {
    Completion::Kind kind;
    std::vector<std::byte> bytes;
    std::uint64_t dueNs;
  };
  void add(Operation::Kind kind, std::size_t offset, std::vector<std::byte> bytes);
  void execute(Operation& operation);
  World& world_;
  Node& owner_;
  std::deque<Operation> operations_;
  std::deque<Answer> answers_;
  std::vector<std::byte> current_;
  std::uint64_t lastDueNs_ = 0;
};

struct Node : CoreListener {
  Node(World& world, const Member& self, const std::vector<Member>& peers, bool join);
  void persist(const Record& record) override;
  void changed() override {}
  void turn();  // what the turn thread does next
  void lead();
  void reconfigure();

  World& world;
  Member member;
  std::vector<std::byte> memory;
  Region region;
  std::vector<std::vector<std::byte>> journal;  // record of index i at i - 1
  Core core;
  bool alive = true;
  std::uint64_t pausedUntilNs = 0;
  bool leading = false;
  std::vector<std::pair<Index, std::string>> proposed;  // appended, not applied
  std::map<std::uint32_t, std::unique_ptr<SimChannel>> channels;
  std::set<std::uint32_t> removals;
};

class World {
 public:
  World(std::uint64_t seed, std::size_t members);
  void run(std::uint64_t faultyNs, std::uint64_t healthyNs);
  std::string failure() const { return failure_; }
  Index applied() const;
  std::uint64_t elections() const;
  std::uint64_t acknowledged() const { return acknowledged_.size(); }
  std::uint64_t replaced() const { return replaced_; }

  std::uint64_t draw(std::uint64_t below) { return below == 0 ? 0 : random_() % below; }
  bool chance(std::uint64_t oneIn) { return draw(oneIn) == 0; }
  std::uint64_t delayNs() { return chance(50) ? draw(20'000'000) : draw(200'000); }
  void fail(const std::string& what);
  std::string describe() const;

  static constexpr std::size_t ringBytes = 8u << 10;  // many laps
  std::uint64_t nowNs = 1'000'000'000;
  std::map<Index, std::string> decided;       // what anybody applied
  std::map<Index, std::string> acknowledged_;  // what a leader saw committed
  std::uint64_t counter = 0;

 private:
  void step();
  void connect();
  void fault();
  void crash(Node& node);
  void replace();
  void check();
  Node* byNumber(std::uint32_t number);

  std::mt19937_64 random_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::vector<std::unique_ptr<Node>> dead_;
  std::set<std::pair<std::uint32_t, std::uint32_t>> cut_;  // (writer, owner)
  std::uint32_t nextNumber_ = 1;
  std::size_t size_;
  std::uint64_t replaced_ = 0;
  bool faulty_ = true;
  std::string failure_;
};

}  // namespace gaia::test
