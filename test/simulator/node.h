// One member in a life: the real core, its memory and journal, and what its turn thread and service thread
// do.
#pragma once
#include <memory>
#include <optional>
#include <set>

#include "channel.h"
#include "clients.h"
#include "core/core.h"
#include "disk.h"
#include "history.h"
#include "options.h"
#include "runtime/readers.h"
#include "snapshots.h"
#include "statistics.h"

namespace gaia::sim {

class World;

class Node : public CoreListener {
 public:
  // `kept`: null with durability `memory`; the member goes on from what former lives have left there.
  Node(World& world, std::uint32_t life, const Member& self, std::shared_ptr<SimDisk> kept,
       const std::vector<Member>& peers, bool join);

  // --- events
  void tick();
  void turn();
  void connect(std::uint32_t number);
  void reset(std::uint32_t number);  // it is noticed that a channel's owner is gone
  void answered();                   // an answer arrived
  void written();                    // somebody wrote into the memory
  void keep();                       // its disk has ended a synchronisation, or may begin one
  bool accept(const Node& writer);   // a member opens a channel to here; false: not now

  // --- faults
  void pause(std::uint64_t forNs);
  bool paused() const;
  void stall(std::uint64_t forNs);  // its service thread alone
  void slowDisk(std::uint64_t forNs);
  void wake() { pausedUntilNs_ = 0; }
  void jumpClock(std::uint64_t byNs) { clockNs_ += byNs; }
  void disconnect(std::uint32_t number);
  void die();
  void failSync();  // nothing on its disk can be trusted any more
  void askHandOver() { handOverAsked_ = true; }

  bool condemned() const { return condemned_; }  // its disk has failed: it is about to end for good
  bool counted() const { return counted_; }      // was in a configuration that was applied here

  // --- what others read besides the memory
  std::vector<std::byte> journalFor(std::uint32_t reader, Index from, std::size_t bytesMax);
  std::vector<std::byte> pieceFor(std::uint32_t reader, Index index, std::uint32_t number);

  // --- memory
  Position positionOf(std::size_t ringOffset);
  void ringWritten(const Node& writer, Position position, std::size_t length);
  void forgetWritten(std::uint64_t afterNs);  // without writing anything
  std::string describe(std::size_t offset, std::size_t length, std::uint8_t writerSlot) const;
  std::string describe() const;

  World& world;
  const std::uint32_t life;  // its id in the world
  const Member member;
  const std::uint64_t bornNs;
  std::vector<std::byte> memory;
  const Region region;
  const std::shared_ptr<SimDisk> disk;
  SimJournal journal;
  SimSnapshots snapshots;
  Core core;
  bool alive = true;
  std::uint64_t diedNs = 0;
  std::map<std::uint32_t, SimChannel*> channels;  // open ones, by the owner's number
  std::array<std::uint32_t, slotsMax> writers{};  // who was accepted as a member, by slot

 private:
  enum class Turn : std::uint8_t { follows, leads, handsOver };
  struct Proposal {
    Index index;
    std::uint64_t content;
    Request request;  // with clients
  };

  // CoreListener
  void persist(const Record& record) override;
  bool keepPiece(std::uint32_t number, std::span<const std::byte> piece) override;
  void changed() override { changed_ = true; }

  void wakeTurn(std::uint64_t withinNs);
  void wakeTurnAt(std::uint64_t atNs);
  void think();
  void follow();
  void lead();
  void execute();
  void propose();
  void proposeAnything();
  void proposeRequests();
  bool append(std::uint64_t number, std::size_t bytes, const Request& request);
  bool reconfigure();
  bool proposeConfiguration(const Configuration& next);
  void handOver();
  void stopLeading();
  void closeClients();
  void afterCore();
  void followOwnRing();
  void forgetOldest();
  void reconcile();

  // node_disk.cc
  void replay();
  void wakeDisk(std::uint64_t withinNs);
  bool endSync();
  void noteKept(const PersistOrder& order);

  // node_snapshot.cc
  bool snapshotWanted();
  void tendSnapshots();
  void publishKept();
  void takeSnapshot();
  void restoreSnapshot();
  void goOnFrom(const Manifest& manifest, std::uint64_t state);

  std::uint64_t clockNs_ = 0;  // how far its clock is ahead
  std::uint64_t pausedUntilNs_ = 0;
  std::uint64_t stalledUntilNs_ = 0;
  bool changed_ = true;
  std::uint64_t ticks_ = 0;
  std::uint64_t turnAtNs_ = ~std::uint64_t{0};  // of the next event of the turn thread
  std::uint64_t busyUntilNs_ = 0;               // the program executes an entry
  std::uint64_t thinksUntilNs_ = 0;             // as leader: no new batch before
  std::optional<Entry> executing_;
  Turn turn_ = Turn::follows;
  std::uint64_t handOverEndNs_ = 0;
  bool handOverAsked_ = false;
  std::vector<Proposal> proposed_;  // appended, not known to be committed
  std::deque<Proposal> unapplied_;  // committed, not executed by the leader's program
  std::uint64_t state_ = 0;         // of the program: a hash of what it executed
  std::set<std::uint32_t> connecting_;
  Role role_ = Role::learner;
  bool counted_;
  std::uint64_t elections_ = 0;
  std::deque<Appended> log_;  // what this member wrote into its own ring, of late
  std::uint64_t wroteNs_ = 0;
  Position logEnd_ = 0;
  std::array<RingGuard, slotsMax> guards_;
  bool diskScheduled_ = false;
  std::uint64_t diskSlowUntilNs_ = 0;
  bool diskFull_ = false;
  bool condemned_ = false;
  std::map<std::uint32_t, std::uint32_t> writerLives_;  // of members that have written here
  Readers readers_;
  SnapshotDemand demand_;
  bool snapshotDue_ = false;
  std::uint64_t takenAtNs_ = 0;  // when the one that is being taken is written down
};

}  // namespace gaia::sim
