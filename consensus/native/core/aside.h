// What former lives left undecided: entries a restarted member had accepted (D1), and entries in the ring of
// a writer that has restarted. The owner alone writes here; candidates read it like one more ring.
#pragma once
#include "core/adoption.h"
#include "core/fifo.h"

namespace gaia {

class Aside {
 public:
  explicit Aside(const Region& region);

  // Keeps a copy of `record`; `stated` is the commit known under its ballot (A1). False: there is no room.
  bool add(const Record& record, Index stated);
  // Forgets from the front what is done with, and publishes the cursor.
  void advance(const Done& done);

  const Fifo<Record>& window() const { return window_; }
  const Record* decided(Index index) const;
  static bool provesDecided(const Record& record) { return record.header.index <= record.header.commit; }

 private:
  bool makeRoom(std::size_t bytes);
  Record seal(RecordHeader header);
  void publish();

  const Region& region_;
  Position head_ = 0;
  Fifo<Record> window_;
};

}  // namespace gaia
