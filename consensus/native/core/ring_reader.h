// Walks one writer's ring in this member's own region and says which entry may be applied next (rule A1).
#pragma once
#include "core/fifo.h"
#include "core/record.h"

namespace gaia {

class RingReader {
 public:
  RingReader(const Region& region, std::uint8_t slot) : region_(region), slot_(slot) {}

  // The slot belongs to member `number` now. A different member's ring starts afresh; the caller has applied the
  // configuration that says so, hence nothing of the former writer is undecided above it.
  void assign(std::uint32_t number);

  // Takes in what has arrived since the last call: anchor, records, commit statement.
  void poll();

  // The record of entry `index` if this ring proves it decided. Valid until `advance` passes it.
  const Record* decided(Index index);

  // Forgets records that are done with and publishes the cursor. `applied` must be published before: a candidate starts at
  // the cursor, and would otherwise find the passed records neither in the ring nor in `applied` (C3).
  void advance(const Done& done);

  // Forgets the writer's former life; what was undecided of it lies aside. The next one sets an anchor first.
  void reset();

  // Starts over at `position` (the writer itself, when it stops leading).
  void restart(Position position);

  // Everything beyond what was applied, in ring order; for candidates.
  const Fifo<Record>& window() const { return window_; }
  bool provesDecided(const Record& record) const;
  std::uint32_t writer() const { return number_; }
  std::uint64_t arrivals() const { return arrivals_; }
  Index statedCommit() const { return statement_.commit; }  // highest commit stated in this ring
  Index stated(Ballot ballot) const;  // the commit that this ring states under `ballot`

  // --- disk (D1): the cursor never passes what is not persisted
  void keepUnpersisted() { durable_ = true; }
  Position arrived() const { return next_; }
  Position ordered() const { return ordered_; }  // to be persisted or persisted up to here
  void order(Position position) { ordered_ = position; }
  Position persisted() const { return persisted_; }
  std::uint64_t epoch() const { return epoch_; }  // changes when positions start over
  void confirm(std::uint64_t epoch, Position position);

 private:
  void followAnchor();
  void takeRecords();
  void takeStatement();
  void state(Ballot ballot, Index commit);
  void publish();
  void skipTo(Position position);

  const Region& region_;
  std::uint8_t slot_;
  std::uint32_t number_ = 0;
  bool anchored_ = false;
  Position next_ = 0;          // where the next record will start
  std::uint64_t anchor_ = 0;   // last anchor word followed
  std::uint64_t published_ = 0;
  std::uint64_t arrivals_ = 0;
  bool durable_ = false;
  Position ordered_ = 0, persisted_ = 0;
  std::uint64_t epoch_ = 0;
  Fifo<Record> window_;
  CommitStatement statement_;  // highest of the ring; `check` unused
  Fifo<std::pair<Ballot, Index>> older_;  // last statements of earlier ballots that still have records here
};

}  // namespace gaia
