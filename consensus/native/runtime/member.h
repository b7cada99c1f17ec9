// One member of one group in this process: what Runtime promises, kept with a core, links, an acceptor and a journal.
//
// Two threads: the caller's turn thread and the service thread; with durability `disk` a third one waits for the disk.
// `lock_` guards the core and the links; the turn thread
// finds it free but for the service thread's short ticks. The acceptor belongs to the service thread alone: like a
// network card it executes others' operations on the region without the lock.
#pragma once
#include <pthread.h>

#include <mutex>

#include "core/core.h"
#include "runtime/commit_meter.h"
#include "runtime/data_directory.h"
#include "runtime/journal.h"
#include "runtime/readers.h"
#include "runtime/snapshot_stream.h"
#include "runtime/wal.h"
#include "transport/acceptor.h"
#include "transport/link.h"
#include "transport/verbs_loader.h"

namespace gaia {

class MemberRuntime : public Runtime, private CoreListener {
 public:
  // `files`: what the log of durability `disk` is kept in.
  explicit MemberRuntime(const ReplicaOptions& options, Files& files = systemFiles());
  ~MemberRuntime() override;
  bool open(std::string* error);

  Wake wait(Entry* entry, std::int64_t timeoutNs) override;
  void applied(Index index, std::uint64_t outputHash, std::uint32_t clockCalls) override;
  RecentOutput& recentOutput() override { return recentOutput_; }
  std::span<std::byte> reserve(std::size_t bytesMax) override;
  Index append(std::size_t bytes) override;
  bool commit() override;
  bool commitAtOnce() override;
  void announce() override;
  void look() override;
  bool snapshotDue() const override { return snapshotDue_.load(std::memory_order_relaxed); }
  std::unique_ptr<SnapshotWriter> takeSnapshot(const std::string& provider) override;
  void snapshotOrdered(std::uint32_t taker) override;
  std::unique_ptr<SnapshotReader> snapshotToRestore() override;
  void restored(bool usable) override;
  void housekeep() override;
  bool leading() const override { return leading_.load(std::memory_order_relaxed); }
  int wakeFd() const override { return wakeFd_; }
  int statusFd() const override { return statusFd_; }
  Status status() const override;
  Metrics metrics() const override;
  void removeMember(std::uint8_t slot, std::uint32_t number) override;
  void transferLeadership(std::uint32_t number) override;
  void stop() override;

 private:
  using Guard = std::unique_lock<sys::Lock>;

  // CoreListener, under the lock
  void persist(const Record& record) override;
  bool keepPiece(std::uint32_t number, std::span<const std::byte> piece) override;
  void changed() override { changed_ = true; }

  bool openVerbs(std::string* error);
  bool openAcceptor(std::string* error);

  // turn thread (runtime.cc, committing.cc)
  void backOff(Guard& guard, std::uint64_t idleNs, std::uint64_t leftNs);
  void spinForAnswers();
  void awaitAnswers(Guard& guard);
  void exchange();
  bool stillLeads() const;
  void release();
  bool replay(Guard& guard);
  bool lead();
  bool reconfigure(const Configuration& next);
  void handOver(std::uint32_t number, std::uint64_t withinNs);
  bool workPending() const;

  // service thread (service.cc)
  static void* serve(void* self);
  void serveLoop();
  void serveOnce();
  bool tend(std::span<const pollfd> ready, std::uint64_t nowNs);
  std::uint64_t pause(std::uint64_t nowNs) const;
  void loseVerbs();
  bool addLinksTo(std::vector<pollfd>* descriptors);
  void stepLinks(std::span<const pollfd> ready, std::uint64_t nowNs);
  void reconcileLinks();
  void noteLink(Link& link, Link::Event event);
  void report();

  // durability `disk` (disk.cc)
  std::string directoryKey() const { return authenticator_.socketName(0); }  // no member has number 0
  bool openDisk(std::string* error, Recovery* recovery, std::optional<Manifest>* kept);
  bool recoverDisk(const PersistedLog& log, Recovery* recovery, std::string* error);
  Wal::Outcome keepAgain(const Recovery& recovery);
  static void* keep(void* self);
  void keepLoop();
  bool keepOrder(const PersistOrder& order);
  bool keepJournal(Index upTo);
  void releaseLog();
  void notePersisted(Index index);
  void ringDisk();
  std::string condemn(const std::string& cause);
  void stopDisk(const std::string& cause);
  void showDiskError(const std::string& error);
  bool returned(std::uint32_t number, std::uint64_t life);

  struct Thread {
    pthread_t handle{};
    std::byte* stack = nullptr;
    bool runs = false;
  };
  bool startThread(Thread* thread, void* (*run)(void*), std::string* error);
  void endThread(Thread* thread);
  // service thread (snapshots.cc)
  void answerJournal(std::uint32_t reader, Index from, std::vector<std::byte>* into);
  void answerSnapshot(std::uint32_t reader, Index index, std::uint32_t number, std::vector<std::byte>* into);
  bool snapshotWanted(std::uint64_t nowNs);
  bool snapshotOnItsWay(std::uint64_t nowNs) const;
  void tendSnapshots(std::uint64_t nowNs);
  void publishKept();
  std::optional<Manifest> adoptEarlyFetched();
  void startFromFetched();
  void startFrom(const Manifest& manifest);

  ReplicaOptions options_;
  Authenticator authenticator_;
  Link::Caller caller_;
  int memory_ = -1;
  std::byte* base_ = nullptr;
  std::optional<Region> region_;
  RecentOutput recentOutput_;
  std::optional<Journal> journal_;
  std::shared_ptr<SnapshotStore> snapshots_;
  std::optional<Core> core_;
  std::optional<VerbsPort> verbs_;
  std::optional<Acceptor> acceptor_;
  std::map<std::uint32_t, std::unique_ptr<Link>> links_;
  Metrics metrics_;  // guarded by lock_, like its meter
  CommitMeter meter_{metrics_};

  mutable sys::Lock lock_;
  int wakeFd_ = -1, statusFd_ = -1, serviceFd_ = -1;
  std::atomic<bool> leading_{false};
  std::atomic<bool> stopping_{false};
  std::atomic<bool> ending_{false};
  std::atomic<std::uint32_t> bell_{0};  // rung when the turn thread should look again
  std::atomic<bool> dozing_{false};     // the turn thread will not look again soon by itself: arrivals ring, too
  bool changed_ = false;
  bool hadJournalError_ = false;
  std::vector<std::pair<std::uint8_t, std::uint32_t>> removals_;
  std::optional<std::uint32_t> transfer_;
  std::uint64_t tickNs_ = 0;

  Files& files_;
  std::optional<DataDirectory> directory_;  // this and what follows: with durability `disk` only
  std::optional<Wal> wal_;
  WalState walState_;
  std::size_t releasedSegments_ = 0;
  DiskQueue queue_;
  DiskStatus diskStatus_;                   // guarded by lock_
  int keptFd_ = -1;                         // signalled when this leader's own disk has kept something
  std::uint64_t life_ = 0;
  std::atomic<bool> replaying_{false};      // snapshot and entries of former lives first: not open to others yet

  Thread service_, disk_;
  std::atomic<bool> snapshotDue_{false};
  std::uint64_t orderedNs_ = 0;         // when this leader ordered a snapshot last
  Index orderedAt_ = 0;                 // applied then
  std::uint32_t orderedFrom_ = 0;
  // service thread
  Readers readers_;
  SnapshotDemand demand_;
  std::uint64_t keptNs_ = 0;            // when dropping was considered last
};

}  // namespace gaia
