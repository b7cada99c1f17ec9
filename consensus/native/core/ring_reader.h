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

  // Forgets records that are done with and publishes the cursor. Must happen before `applied` itself is published: a
  // candidate that reads the new value must not start at overwritten bytes (G1).
  void advance(const Done& done);

  // Starts over at `position` (the writer itself, when it stops leading).
  void restart(Position position);

  // Everything beyond what was applied, in ring order; for candidates.
  const Fifo<Record>& window() const { return window_; }
  bool provesDecided(const Record& record) const;
  std::uint32_t writer() const { return number_; }
  std::uint64_t arrivals() const { return arrivals_; }
  Index statedCommit() const { return statement_.commit; }  // highest commit stated in this ring

 private:
  void followAnchor();
  void takeRecords();
  void takeStatement();
  void state(Ballot ballot, Index commit);
  void publish();

  const Region& region_;
  std::uint8_t slot_;
  std::uint32_t number_ = 0;
  bool anchored_ = false;
  Position next_ = 0;          // where the next record will start
  std::uint64_t anchor_ = 0;   // last anchor word followed
  std::uint64_t published_ = 0;
  std::uint64_t arrivals_ = 0;
  Fifo<Record> window_;
  CommitStatement statement_;  // highest of the ring; `check` unused
  Fifo<std::pair<Ballot, Index>> older_;  // last statements of earlier ballots that still have records here
};

}  // namespace gaia
