// A joiner whose program reads its state from a file when it starts needs the snapshot before: this fetches
// it from the members that are known to be alive, without being a member yet (no memory that others write to,
// no voice).
#pragma once
#include <functional>
#include <map>
#include <memory>

#include "core/snapshot_fetch.h"
#include "runtime/snapshot_stream.h"
#include "transport/link.h"

namespace gaia {

class EarlyFetch {
 public:
  // `progress` is called about once a second with what has come so far; provider 0: nobody has a snapshot yet.
  EarlyFetch(const ReplicaOptions& options, std::function<void(const Joining&)> progress);

  // Returns when a snapshot is complete, or when the group's journals still reach back to the first entry and
  // no member keeps a snapshot: then null, and the member joins by replay. Waits for ever for somebody to
  // ask.
  std::unique_ptr<SnapshotReader> run();

 private:
  struct Peer {
    std::unique_ptr<Link> link;
    Control seen;
    bool controlPending = false, piecePending = false;
    std::uint32_t failures = 0;
    Index bad = 0;  // a snapshot of it that is not asked for again
  };
  void exchange(std::uint64_t nowNs);
  void step(Peer& peer, short events, std::uint64_t nowNs);
  void answered(Peer& peer, const Completion& completion);
  void keep(Peer& peer, std::span<const std::byte> answer);
  void ask(std::uint64_t nowNs);
  void askForSnapshot(std::uint64_t nowNs);
  Peer* provider();
  bool leadsOn(Index snapshot) const;
  bool canReplay(std::uint64_t nowNs);
  bool heardOthers(std::uint64_t sinceNs, std::uint64_t nowNs) const;

  Authenticator authenticator_;
  Link::Caller caller_;
  SnapshotStore store_;
  std::function<void(const Joining&)> progress_;
  std::map<std::uint32_t, Peer> peers_;
  std::optional<SnapshotFetch> fetch_;
  std::uint32_t from_ = 0;  // its provider
  std::uint64_t askedNs_ = 0, toldNs_ = 0, storeAgainNs_ = 0, replaySinceNs_ = 0, lackedSinceNs_ = 0;
};

// What run() has left in the journal's directory, as a Runtime starts from it; null: nothing complete.
std::shared_ptr<PieceFile> leftByEarlyFetch(const ReplicaOptions& options, std::optional<Manifest>* manifest);

}  // namespace gaia
