// What a member with durability `disk` has on its disk through all its lives, and what an end leaves of it.
// Files whole, torn and damaged are the business of wal_test: a frame here is there or not.
#pragma once
#include <map>
#include <optional>

#include "core/core.h"
#include "journal.h"
#include "random.h"
#include "snapshots.h"

namespace gaia::sim {

class SimDisk {
 public:
  SimDisk(const Member& self, std::vector<Member> peers, bool join)
      : self(self), peers(std::move(peers)), join(join) {}

  // --- one order at a time is on its way to the log
  void begin(PersistOrder order) { order_ = std::move(order); }
  bool busy() const { return order_.has_value(); }
  PersistOrder complete();  // it is on disk now
  // The journal is synchronised, and the log drops what the journal has.
  void synchroniseJournal(const SimJournal& journal);

  // The member's own snapshot, whole, and only then a journal that is shortened behind it.
  void keep(const SimSnapshots& snapshots) { snapshots_ = snapshots.onDisk(); }
  void dropBelow(Index needed) { journal_.dropBelow(needed); }

  // The process is gone: what the kernel had of its writes gets to the disk, what it had not is gone.
  void killed(Random& random, const SimJournal& journal);
  // What was not synchronised is gone, but for what the disk has written meanwhile.
  void unpowered(Random& random, const SimJournal& journal);

  // As the runtime starts (disk.cc): the journal goes on with what the log proves decided, and what stays
  // undecided is all that the log then holds.
  Recovery recover(std::size_t ringBytes);
  Configuration configuration() const;  // what a start from here would take for the one in force
  Ballot promise() const { return log_.promise; }
  bool holds(Index index, Ballot ballot) const {  // the entry that was written under that ballot
    if (index <= std::max(journal_.last(), snapshots_.index())) return true;
    const auto known = highest_.find(index);
    return known != highest_.end() && known->second >= ballot;
  }
  const SimJournal& journal() const { return journal_; }
  const SimSnapshots& snapshots() const { return snapshots_; }
  bool damaged() const { return damaged_; }  // was given something else than records to keep

  const Member self;
  const std::vector<Member> peers;  // as it was first started
  const bool join;

 private:
  void keep(const PersistOrder& order);

  PersistedLog log_;
  SimSnapshots snapshots_;
  SimJournal journal_;           // in a life: what of the member's journal is synchronised
  std::map<Index, Ballot> highest_;  // of the records of entries that the journal has not
  std::optional<PersistOrder> order_;
  bool damaged_ = false;
};

}  // namespace gaia::sim
