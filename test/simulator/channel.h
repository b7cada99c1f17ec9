// The simulated transport: one incarnation of a channel. Operations stay in order (W1) and take their time;
// nothing is ordered between two channels. A closed one may still land some of what was under way, until the
// owner destroys it (N3).
#pragma once
#include "core/channel.h"
#include "core/fifo.h"

namespace gaia::sim {

class World;
class Node;

class SimChannel : public Channel {
 public:
  SimChannel(World& world, std::uint32_t id, Node& writer, Node& owner, bool byOwner);
  void write(std::size_t offset, std::span<const std::byte> bytes) override;
  void read(std::size_t offset, std::size_t length) override;
  void readJournal(Index from) override;
  void readSnapshot(Index index, std::uint32_t number) override;
  bool poll(Completion* completion) override;

  void execute();  // the oldest operation is due
  void arrive();   // the oldest answer is due
  void resume();   // whatever stopped it is over
  void close();    // by the writer: some of what is under way may still land
  void destroy();  // by the owner: nothing lands any more
  void rest();     // keeps no room for what was under way at another time
  bool open() const { return open_; }
  bool broken() const;  // its owner is gone or has destroyed it
  bool over() const { return !open_ && (broken() || operations_.empty()); }  // nothing of it will land any more
  std::size_t underWay() const { return operations_.size() + answers_.size(); }
  bool counts() const { return counts_; }
  Node& writer() const { return writer_; }
  Node& owner() const { return owner_; }

 private:
  struct Operation {
    enum class Kind : std::uint8_t { write, read, journal, snapshot } kind = Kind::write;
    std::size_t offset = 0;        // of journal and snapshot reads: an index
    std::uint32_t number = 0;      // of a piece
    std::vector<std::byte> bytes;  // of a write; of a read: its answer, sized
    std::uint64_t dueNs = 0;
    bool inRing = false;             // a write into the writer's ring, at
    Position position = 0;           // in the writer's counting
    std::size_t begin = 0, end = 0;  // the bytes that are still to be moved
    std::size_t cut = 0;             // where they are cut when it is executed in two parts; 0: in one
    bool lastFirst = false;          // the part behind the cut is executed first
  };
  struct Answer {
    Completion::Kind kind = Completion::Kind::read;
    std::vector<std::byte> bytes;
    std::uint64_t dueNs = 0;
  };
  void add(Operation operation);
  void overtake();
  void schedule();
  void scheduleAnswer();
  bool executePart(Operation& operation);
  void move(Operation& operation, std::size_t begin, std::size_t end);
  void finish(Operation& operation);
  void guard(const Operation& operation);
  void answer(Completion::Kind kind, std::vector<std::byte> bytes);
  void say(const Operation& operation, const char* what) const;

  World& world_;
  std::uint32_t id_;
  Node& writer_;
  Node& owner_;
  bool byOwner_;  // executed by the owner's processor
  bool counts_;   // the writer counted as a member when it was opened
  bool open_ = true;
  bool destroyed_ = false;
  bool scheduled_ = false, answerScheduled_ = false;
  Fifo<Operation> operations_;
  Fifo<Answer> answers_;
  std::vector<std::byte> current_;
  std::uint64_t lastDueNs_ = 0, lastAnswerNs_ = 0;
};

}  // namespace gaia::sim
