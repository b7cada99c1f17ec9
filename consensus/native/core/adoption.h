// What a candidate must take over from the rings it has read: pure.
#pragma once
#include <map>

#include "core/record.h"

namespace gaia {

// A copy of one record found beyond the candidate's own applied index.
struct Found {
  RecordHeader header;
  std::vector<std::byte> bytes;  // of the whole record
  bool decided = false;          // by A1: its ring states a commit at or above its index under the same ballot

  static Found of(const Record& record, bool decided) {
    return {record.header, {record.bytes, record.bytes + record.whole().size()}, decided};
  }
  Record record() const { return {header, bytes.data()}; }
};

struct AdoptionInput {
  Index applied = 0;           // by the candidate itself
  Ballot appliedOrigin = 0;    // origin of that entry
  Index maxApplied = 0;        // over the majority read (C3)
  std::vector<Found> found;
};

struct Adoption {
  bool complete = false;       // false: entries up to maxApplied must first be fetched from a journal
  std::vector<Found> decided;  // applied + 1 .. maxApplied
  std::vector<Found> adopted;  // above, in order, each chained to its predecessor (C4)
};

// C3: up to maxApplied only entries known to be decided are taken. C4: above it, per index the highest ballot, while
// its prevOrigin equals the origin of the entry before it. Stops after a configuration entry: what may follow it must
// be learnt from a majority of the new configuration (M1).
Adoption adopt(const AdoptionInput& input);

}  // namespace gaia
