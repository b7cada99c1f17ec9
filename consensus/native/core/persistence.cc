#include "core/persistence.h"

namespace gaia {
namespace {

Ballot highestBallot(std::span<const std::byte> records, Ballot least) {
  eachRecord(records, [&](const Record& record) { least = std::max(least, record.header.ballot); });
  return least;
}

// By A1: the commit that records of the same ballot state.
std::map<Ballot, Index> statementsOf(std::span<const std::byte> records) {
  std::map<Ballot, Index> stated;
  eachRecord(records, [&](const Record& record) {
    Index& commit = stated[record.header.ballot];
    commit = std::max(commit, record.header.commit);
  });
  return stated;
}

// Per index the record of the highest ballot, or a decided one: a higher ballot can only hold the same entry.
std::map<Index, Found> choose(std::span<const std::byte> records, const Done& journal) {
  std::map<Ballot, Index> stated = statementsOf(records);
  std::map<Index, Found> chosen;
  eachRecord(records, [&](const Record& record) {
    const RecordHeader& header = record.header;
    if (journal.covers(header.index, header.ballot)) return;
    const bool decided = header.index <= stated[header.ballot];
    const auto known = chosen.find(header.index);
    if (known != chosen.end() && known->second.header.ballot > header.ballot) return;
    Found found = Found::of(record, decided || (known != chosen.end() && known->second.decided));
    found.header.commit = stated[header.ballot];
    chosen.insert_or_assign(header.index, std::move(found));
  });
  return chosen;
}

}  // namespace

Position ringEndIn(std::span<const std::byte> records, std::uint32_t self) {
  Position end = 0;
  eachRecord(records, [&](const Record& record) {
    if (numberOf(record.header.ballot) != self) return;
    end = std::max(end, record.header.position + record.whole().size());
  });
  return end;
}

Recovery sortOut(const PersistedLog& log, std::uint32_t self, std::size_t ringBytes, Done journal) {
  Recovery recovery;
  recovery.promise = highestBallot(log.records, log.promise);
  // A life never writes more than a ring beyond what it has persisted (RingWriter::makeRoom).
  const Position end = std::max(log.ringEnd, ringEndIn(log.records, self));
  recovery.ringStart = end == 0 && recovery.promise == 0 ? 0 : end + 2 * ringBytes;
  for (auto& [index, found] : choose(log.records, journal)) {
    if (index == journal.applied + 1 && found.decided) {
      journal = {index, found.header.origin};
      recovery.decided.push_back(std::move(found));
    } else if (!journal.covers(index, found.header.ballot)) {
      recovery.undecided.push_back(std::move(found));
    }
  }
  return recovery;
}

}  // namespace gaia
