// A turn thread for embedders that have none of their own, such as the Node addon: it applies what is decided, proposes
// what it is given while its member leads, and puts what happened into a bounded queue that the embedder empties.
//
// An entry counts as applied once it lies in that queue; a full queue stops the applying (back-pressure), not the group.
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "runtime/runtime.h"

namespace gaia {

constexpr std::size_t snapshotBytesMax = 1u << 30;  // of a state that passes through memory in one piece

struct TurnEvent {
  enum class Kind : std::uint8_t {
    entry,      // `index` and `payload`: deliver it
    committed,  // `proposal` was decided at `index`; its entry event came before
    refused,    // `proposal` was not proposed: this member does not lead
    unknown,    // `proposal` was proposed, then leadership was lost: it may be decided or not
    snapshot,   // the state after every entry before this event is wanted: saveSnapshot() or refuseSnapshot()
    restore,    // `payload` is the state after `index`, in place of whatever was there
    status,     // status() has changed
    ended,      // the last event: threads, ports and memory are given back
  } kind = Kind::status;
  Index index = 0;
  std::uint64_t proposal = 0;
  std::vector<std::byte> payload;
};

class TurnThread {
 public:
  static constexpr std::size_t proposalsMax = 4096;         // that wait; of one batch more are being decided
  static constexpr std::size_t proposalBytesMax = 32u << 20;
  enum class Proposal : std::uint8_t { queued, notLeading, full };
  enum class Deciding : std::uint8_t {
    inTurn,  // on this object's thread
    atOnce   // by decide(), on the caller's thread where that takes a moment only; and followers hear of it at once
  };

  // `ring` is called on threads of this object, and in decide(), whenever take() may have something new.
  TurnThread(std::unique_ptr<Runtime> runtime, std::function<void()> ring, Deciding deciding = Deciding::inTurn);
  ~TurnThread();  // stops, hands leadership over if it can, and joins

  // The caller's thread. `proposal` names it in the event that tells its outcome; 1..entryBytesMax bytes.
  Proposal propose(std::uint64_t proposal, std::vector<std::byte> bytes);
  // The thread that proposes, after propose(), with Deciding::atOnce: what waits is decided when this returns, unless members
  // answer late or this object's thread is at it.
  void decide();
  void look();  // there may be entries of a leader (Runtime::look)
  // Takes a proposal back. False: it is no longer queued and may be decided; its event still comes.
  bool withdraw(std::uint64_t proposal);
  bool take(TurnEvent* event);
  bool pending() const;  // take() has something
  // The answer to the event `snapshot`; the bytes are written by another thread.
  void saveSnapshot(std::vector<std::byte> state);
  void refuseSnapshot();
  bool leads() const;      // propose() takes proposals; status() says more
  // The number of this member's reign, from 1: while it lasts propose() takes proposals, and no other entries come between
  // theirs, also when the term changes with the configuration. It begins for the embedder when what was decided before has
  // been taken; an event `status` tells of it. 0: none.
  std::uint64_t reign() const;
  Status status() const;   // after `ended`: as it was last; role leader means that propose() takes proposals
  Metrics metrics() const;  // as status()
  void removeMember(std::uint8_t slot, std::uint32_t number);
  void transferLeadership(std::uint32_t number);
  void stop();             // entries are no longer delivered; outcomes still are, then `ended`
  void join();

 private:
  struct Waiting {
    std::uint64_t proposal;
    std::vector<std::byte> bytes;
  };
  void run();
  void lead();
  bool awaitWork();
  void proposeBatch();
  void appendBatch();
  void tellOutcome(bool committed);
  bool roomForBatch() const;
  std::vector<Waiting> takeBatch();
  std::size_t append(const std::vector<Waiting>& batch, Index* first);
  void returnToQueue(std::vector<Waiting>& batch, std::size_t from);
  void setAccepting(bool accepting);
  void askForSnapshot();
  void restore();
  void writeSnapshot();
  void deliver(Index index, std::span<const std::byte> payload);
  void add(TurnEvent event);
  void watch();
  void end();

  std::unique_ptr<Runtime> runtime_;  // null after `ended`
  std::function<void()> ring_;
  Deciding deciding_;
  int workFd_;                        // proposals are waiting
  int saveFd_;                        // a snapshot's state is to be written
  int endFd_;
  std::atomic<bool> stopping_{false};

  // Who holds it is the runtime's turn thread while this member leads. It guards these two; it is taken before mutex_.
  std::mutex turn_;
  std::vector<Waiting> undecided_;    // appended
  Index undecidedFrom_ = 0;

  mutable std::mutex mutex_;          // guards all below
  std::condition_variable taken_;
  bool accepting_ = false;
  std::uint64_t reign_ = 0;           // the last in which `accepting_`
  std::size_t decidedBefore_ = 0;     // entries among events_ that are older than that reign
  std::deque<Waiting> proposals_;
  std::size_t proposalBytes_ = 0;
  std::deque<TurnEvent> events_;
  std::size_t deliveryCount_ = 0;     // entries among events_
  std::size_t deliveryBytes_ = 0;
  bool statusQueued_ = false;
  Status last_;
  Metrics lastMetrics_;
  std::unique_ptr<SnapshotWriter> snapshot_;  // asked for
  std::optional<std::vector<std::byte>> state_;  // its bytes

  std::thread watcher_;
  std::thread thread_;
};

}  // namespace gaia
