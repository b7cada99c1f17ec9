// The protocol core of one member: a state machine without clock, socket or thread.
//
// In: ticks (with the time), completions of one-sided operations, channels that come and go, proposals of the turn
// thread. Out: operations on channels, records to persist and changes to report (CoreListener). Rules of fenced
// one-sided replication (W1, C4, ...) are named where they are obeyed; README.md lists them.
#pragma once
#include <map>

#include "core/aside.h"
#include "core/configuration.h"
#include "core/mutant.h"
#include "core/peer.h"
#include "core/persistence.h"
#include "core/recent_output.h"
#include "core/ring_reader.h"
#include "core/ring_writer.h"
#include "core/snapshot_fetch.h"

namespace gaia {

struct CoreOptions {
  Member self;
  std::vector<Member> peers;
  bool join = false;
  Recovery recovery = {};  // with durability `disk`, which is the region's
  bool restores = false;  // this member can go on from a snapshot
};

struct CoreTimings {
  std::uint64_t suspicionNs = 400'000'000;   // a leader whose heartbeat stands still this long is suspected, at most
                                             // three times as long where such silences are usual
  std::uint64_t graceNs = 30'000'000;        // a founder listens this long for a leader before it claims
  std::uint64_t rankDelayNs = 4'000'000;     // between candidates, by slot, so that they do not duel
  std::uint64_t reluctanceNs = 0;            // a member that others should lead instead waits so much longer
  std::uint64_t idleNs = 30'000'000;         // a claimant that neither leads nor stands this long is nobody's leader
  std::uint64_t campaignNs = 200'000'000;    // a candidacy that takes longer is given up
  std::uint64_t isolationNs = 1'000'000'000; // a leader that hears no majority this long steps down
  std::uint64_t departureNs = 3'000'000'000; // a removed member is told for this long
};

// For what made a digest of member `number` another one at `index`.
struct OutputSearch {
  std::uint32_t number = 0;
  Index index = 0;
  std::uint64_t sinceNs = 0;
  std::vector<std::byte> here, there;  // both areas of recent output, as far as they are read
  Position announced = 0;              // here, after it was copied
};

class CoreListener {
 public:
  virtual ~CoreListener() = default;
  // Entry applied; its record is to be kept in the journal. Called in index order.
  virtual void persist(const Record& record) = 0;
  // A piece of the snapshot that is fetched, in order from the manifest (0) on; false: it cannot be kept.
  virtual bool keepPiece(std::uint32_t number, std::span<const std::byte> piece) = 0;
  // Role, leader, configuration, peers or divergence changed.
  virtual void changed() = 0;
};

class Core {
 public:
  Core(const CoreOptions& options, const Region& region, CoreListener& listener, const CoreTimings& timings = {});

  // --- channels
  // Members a channel is wanted to, besides this one.
  std::vector<Member> wanted() const;
  // Also to a member that was forgotten while the channel was being opened: it may be heard of again before its
  // environment has closed it, and nobody opens a second one then.
  // `life` tells a member's lives apart (disk): what was written to a former one's memory is gone.
  void attach(const Member& member, Channel* channel, std::uint64_t life = 0);
  void detach(std::uint32_t number);
  void declareDead(std::uint32_t number);  // after detach: nothing listens at its address
  void collect();                          // takes the completions of all channels
  void tick(std::uint64_t nowNs);
  bool busy() const { return nowNs_ - activeNs_ < 100'000'000; }

  // --- disk (D1; core_disk.cc)
  // Entries of this member's own journal, before anything else happens: they are handed out by next().
  void replay(std::span<const std::byte> journal) { journalRead(journal); }
  // A member is about to write here in its life `life`. What its former one left is put aside. False: not possible now.
  bool returned(std::uint32_t number, std::uint64_t life);
  PersistOrder takePersistOrder();
  void persisted(const PersistOrder& order);
  bool unordered() const { return region_.durable() && ownOrdered_ < writer_.head(); }  // of the own ring
  // Whether the disk takes orders. While it does not, this member neither leads nor stands for election.
  void setPersisting(bool persisting);

  // --- turn thread: following
  // The next decided entry of kind turn; false: none yet. Applies other kinds on the way.
  bool next(Entry* entry);
  void applied(Index index, std::uint64_t outputHash, std::uint32_t clockCalls);
  // The snapshot that was fetched, complete and ahead of what is applied; null: none. Between two entries the turn
  // thread makes its state the program's, then calls install().
  const Manifest* snapshotReady() const;
  // Before anything else happens, with durability `disk`: this is on this member's own disk and ready.
  void setOwnSnapshot(Manifest manifest);
  void install(Manifest manifest);
  void refuseSnapshot();  // it cannot be used
  bool readyToLead() const;  // leader, and everything adopted is applied

  // --- turn thread: leading. Between the two calls it owns the head of the ring.
  void beginLeading();
  void endLeading();
  std::byte* reserve(std::size_t bytesMax);
  Index append(EntryKind kind, std::size_t bytes);
  void replicate();
  // Everything appended is committed.
  bool settled() const { return commit_ == last_ || mutant(Mutant::replyBeforeCommit); }
  bool stuck() const;                                // nothing of what it appended has been committed for a while
  void publishCommit();                              // followers need not wait for the next entry to hear of it
  void stepDown();
  // Appends `next` as an entry; endLeading() and wait until readyToLead() again: once applied, it makes this leader a
  // candidate under the new configuration (M1).
  bool propose(const Configuration& next);
  bool handOver(std::uint32_t number);        // 0: the most caught-up; false: no follower has everything yet
  const Member* joining() const;              // a learner that has caught up and can be added
  bool livesUnder(const Configuration& next) const;  // of its members a majority, this leader included, is heard of now
  bool rivalSeen() const { return leaderBallot_ > ballot_; }

  // --- facts
  Role role() const { return role_; }
  Ballot ballot() const { return ballot_; }
  Ballot leaderBallot() const { return leaderBallot_; }
  // The member that holds the highest ballot seen, if it leads as far as this member knows; 0: unknown.
  std::uint32_t leaderNumber() const;
  Index appliedIndex() const { return applied_; }
  // As far as this member knows: by its own count, or what others have stated and applied.
  Index committedIndex() const { return std::max({commit_, applied_, heardCommit_}); }
  std::uint64_t elections() const { return elections_; }
  const Configuration& configuration() const { return configuration_; }
  const std::map<std::uint32_t, Peer>& peers() const { return peers_; }
  bool fresh(const Peer& peer) const;  // its heartbeat has moved of late
  const std::optional<Divergence>& divergence() const { return divergence_; }
  std::uint64_t divergences() const { return divergences_; }
  std::uint64_t arrivals() const;

  // --- snapshots (core_snapshot.cc)
  Manifest manifestHere() const;        // of the state as applied now, without provider and size
  Index newestSnapshot() const;         // kept by a living member that counts; 0: none
  Index neededFrom() const;             // entries before this are needed by no member that counts
  std::size_t snapshotRank() const;     // how many would take one before this member
  const std::optional<SnapshotFetch>& fetch() const { return fetch_; }
  std::uint32_t fetchFrom() const { return fetchFrom_; }
  bool stranded() const { return stranded_; }  // lacks entries that nobody keeps, and cannot take a snapshot for them

 private:
  friend struct CoreInspector;
  // core.cc
  Done done() const { return {applied_, appliedOrigin_}; }
  bool configured() const { return configuration_.byNumber(self_.number) != nullptr; }
  void adopt(const Configuration& next);
  Peer& know(const Member& member);
  Peer* peer(std::uint32_t number);
  void setRole(Role role);
  void completed(Peer& peer, const Completion& completion);
  void controlRead(Peer& peer, const PendingRead& read, std::span<const std::byte> bytes);
  void heard(Peer& peer);
  void directoryRead(std::span<const std::byte> bytes);
  void heartbeat();
  void standStill(std::uint64_t nowNs);
  void forgetStrangers();
  void hearCommit();
  void pollReaders();
  void forgetDecided(Index below);
  const Record* decided(Index index);
  void finish(const Record& record);
  void readControl(Peer& peer);
  bool isWanted(std::uint32_t number) const;
  bool alive(const Peer& peer) const { return peer.channel != nullptr && !peer.dead; }
  bool heardWithin(const Peer& peer, std::uint64_t ns) const;
  bool answeredWithin(const Peer& peer, std::uint64_t ns) const;

  // core_divergence.cc
  void compareDigests();
  void beginSearch(Peer& peer, Index index);
  void readOutput(Peer& peer);
  void outputRead(Peer& peer, std::span<const std::byte> bytes);
  void endSearch(std::optional<Divergence> found);

  // core_disk.cc
  void orderRing(std::uint8_t slot, PersistOrder* order);
  void recover(const Recovery& recovery);
  void publishPersisted();
  Position onDisk(const Peer& peer) const;
  bool writesHere(std::uint32_t number) const;
  Ballot persistedPromise() const { return loadWord(region_.control().persistedPromise); }
  void retryScans();

  // core_follow.cc
  void observeClaims();
  void follow();
  bool leaderSuspected() const;
  bool hearsLeader() const;
  bool vouchedFor() const;
  std::uint64_t silentNs(const Peer& leader) const;
  bool mayCampaign() const;
  bool majorityAnswers() const;
  std::uint64_t answerNs() const;
  std::uint64_t campaignDelay() const;
  void pull();
  Peer* pullSource(Index from);
  void journalRead(std::span<const std::byte> bytes);
  void askToJoin();
  void readDirectory(Peer& peer);

  // core_snapshot.cc
  bool nobodyKeeps(Index from) const;
  bool fetchSnapshot(Index from);
  void fetchNoMore();
  void noteStranded(bool stranded);
  Peer* snapshotProvider();
  void readPiece(Peer& provider);
  void seekMembers();
  void askForSnapshot();
  void snapshotRead(Peer& peer, std::span<const std::byte> answer);

  // core_campaign.cc
  void campaign();
  void beginScan(Peer& peer);
  void scanRead(Peer& peer, std::span<const std::byte> bytes);
  bool claimKept() const;
  void checkCampaign();
  bool scanCounts(const Peer& voter) const;
  std::vector<PeerScan*> countedScans();
  bool scanPending() const;
  bool makeMajority(const std::vector<PeerScan*>& scans) const;
  std::vector<PeerScan*> provableOf(std::vector<PeerScan*> scans) const;
  void conclude(Adoption adoption);
  void abandon();
  template <class Take>
  void eachHeld(Take take) const;
  Index provenUpTo(const std::vector<PeerScan*>& scans) const;
  AdoptionInput gather(const std::vector<PeerScan*>& scans);
  void keepDecided(Adoption& adoption);
  void lead();
  bool rewrite(const Adoption& adoption);

  // core_lead.cc
  void claimAt(Peer& peer);
  void pump(Peer& peer);
  bool resume(Peer& peer);
  void writeAnchor(Peer& peer);
  void readCursor(Peer& peer);
  void advanceCommit();
  void stateOwnCommit();
  void leadTick();
  bool cannotOpen() const;
  bool majorityHeard() const;
  void hearMailboxes();
  bool caughtUp(Index applied) const;

  Member self_;
  const Region& region_;
  CoreListener& listener_;
  CoreTimings timings_;
  Configuration configuration_;
  std::optional<Configuration> sought_;    // a newer one, not applied here, whose members may keep what is lacked
  std::map<std::uint32_t, Peer> peers_;    // by number; all that this member talks to
  std::vector<Peer*> voters_;              // the configuration without this member
  std::map<std::uint32_t, std::uint64_t> departed_;  // removed members, and until when they are still told
  std::map<std::uint32_t, Index> learners_;          // members not in the configuration that wrote to a mailbox here
  std::vector<RingReader> readers_;
  RingWriter writer_;
  Aside aside_;
  std::map<std::uint32_t, std::uint64_t> lives_;  // of members that write here
  Position ownOrdered_;
  Index journalDue_ = 0, journalOrdered_ = 0;  // what the log alone would not bring back
  bool persisting_ = true;
  DigestChain digest_;
  std::optional<OutputSearch> search_;
  std::optional<Divergence> divergence_;  // from a member that counts
  std::uint64_t divergences_ = 0;

  Role role_ = Role::follower;
  bool turnLeads_ = false;      // the turn thread owns the ring's head
  Index memberSince_ = 0;       // the configuration that made this one a member
  Ballot ballot_ = 0;           // this member's latest
  Ballot leaderBallot_ = 0;     // highest ballot seen anywhere
  std::uint64_t nowNs_ = 0;
  std::uint64_t activeNs_ = 0;
  std::uint32_t toldLeader_ = 0;    // leaderNumber() when it was last reported
  Index tickApplied_ = 0;
  std::uint64_t claimSeenNs_ = 0;   // when leaderBallot_ rose
  std::uint64_t campaignNs_ = 0;
  std::uint64_t quietUntilNs_ = 0;  // no candidacy before
  std::uint64_t suspectNs_ = 0;     // since when the leader is suspected; 0: it is not
  std::uint64_t failedCampaigns_ = 0;
  std::uint64_t elections_ = 0;
  std::uint64_t lastAskNs_ = 0;
  bool removed_ = false;            // was a member once: does not ask to join again

  Index applied_ = 0;
  Ballot appliedOrigin_ = 0;
  std::optional<Record> delivered_;  // handed to the turn thread, not applied yet
  Fifo<Found> decided_;              // decided entries that came otherwise than through a ring of ours
  std::size_t decidedBytes_ = 0;
  Record elsewhere_;                 // the front of decided_
  std::uint64_t stalledTicks_ = 0;
  Index stalledAt_ = 0;
  std::uint32_t pullFrom_ = 0;       // member asked last, in vain or not

  bool restores_ = false;
  std::optional<SnapshotFetch> fetch_;
  std::uint32_t fetchFrom_ = 0;       // its provider
  std::uint64_t snapshotAskedNs_ = 0;
  std::uint64_t storeAgainNs_ = 0;    // a piece could not be kept: not before
  std::uint64_t strandedSinceNs_ = 0;
  bool stranded_ = false;

  Index last_ = 0;               // as leader: index of the last entry of the log
  Ballot lastOrigin_ = 0;
  Index commit_ = 0;
  Index heardCommit_ = 0;        // highest index that others are known to have decided
  std::uint64_t commitSequence_ = 0;
  std::uint64_t appliedSequence_ = 0;
  Index published_ = 0;
  Index opening_ = 0;            // last entry it had when it was elected
  std::uint64_t leadsSinceNs_ = 0;
  std::uint64_t advancedNs_ = 0; // when the commit last rose, or there was nothing to commit
};

}  // namespace gaia
