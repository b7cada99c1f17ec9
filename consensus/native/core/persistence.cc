#include "core/persistence.h"

#include <set>

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

using Place = std::pair<Index, Ballot>;  // an index and an origin: one entry

// Entries that the log proves decided: those that a commit of their own ballot covers (A1), and those below
// them, link by link of the chain. Without the links a configuration would be in doubt that only the next
// ballot's leader stated, and the members it has replaced, who alone could vote on it, may be gone.
std::set<Place> decidedIn(std::span<const std::byte> records, std::map<Ballot, Index>& stated) {
  std::map<Place, Ballot> previous;
  std::set<Place> decided;
  std::vector<Place> waiting;
  eachRecord(records, [&](const Record& record) {
    const RecordHeader& header = record.header;
    previous[{header.index, header.origin}] = header.prevOrigin;
    const Index commit = stated[header.ballot];
    if (header.index <= commit) waiting.push_back({header.index, header.origin});
    if (header.index == commit + 1) waiting.push_back({commit, header.prevOrigin});
  });
  while (!waiting.empty()) {
    const Place place = waiting.back();
    waiting.pop_back();
    if (place.first == 0 || !decided.insert(place).second) continue;
    const auto known = previous.find(place);
    if (known != previous.end()) waiting.push_back({place.first - 1, known->second});
  }
  return decided;
}

// Per index a decided record, else that of the highest ballot.
std::map<Index, Found> choose(std::span<const std::byte> records, const Done& journal) {
  std::map<Ballot, Index> stated = statementsOf(records);
  const std::set<Place> proven = decidedIn(records, stated);
  std::map<Index, Found> chosen;
  eachRecord(records, [&](const Record& record) {
    const RecordHeader& header = record.header;
    const bool decided = proven.contains({header.index, header.origin});
    if (header.index <= journal.applied || (!decided && journal.covers(header.index, header.ballot))) return;
    const auto known = chosen.find(header.index);
    const auto rank = [](const Found& one) { return std::pair(one.decided, one.header.ballot); };
    if (known != chosen.end() && rank(known->second) > std::pair(decided, header.ballot)) return;
    Found found = Found::of(record, decided);
    found.header.commit = std::max(stated[header.ballot], decided ? header.index : 0);
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

Index highestIndexIn(std::span<const std::byte> records) {
  Index highest = 0;
  eachRecord(records, [&](const Record& record) { highest = std::max(highest, record.header.index); });
  return highest;
}

Recovery sortOut(const PersistedLog& log, std::uint32_t self, std::size_t ringBytes, Done journal) {
  Recovery recovery;
  recovery.promise = highestBallot(log.records, log.promise);
  // A life never writes more than a ring beyond what it has persisted (RingWriter::makeRoom).
  const Position end = std::max(log.ringEnd, ringEndIn(log.records, self));
  const Position beyond = mutant(Mutant::positionsRepeat) ? 0 : 2 * ringBytes;
  recovery.ringStart = end == 0 && recovery.promise == 0 ? 0 : end + beyond;
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
