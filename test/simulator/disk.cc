#include "disk.h"

namespace gaia::sim {

PersistOrder SimDisk::complete() {
  PersistOrder order = std::move(*order_);
  order_.reset();
  keep(order);
  return order;
}

void SimDisk::keep(const PersistOrder& order) {
  if (!mutant(Mutant::promiseUnkept)) log_.promise = std::max(log_.promise, order.promise);
  log_.records.insert(log_.records.end(), order.records.begin(), order.records.end());
  log_.ringEnd = std::max(log_.ringEnd, ringEndIn(order.records, self.number));
  const bool whole = eachRecord(order.records, [&](const Record& record) {
    Ballot& highest = highest_[record.header.index];
    highest = std::max(highest, record.header.ballot);
  });
  damaged_ = damaged_ || !whole;
}

void SimDisk::synchroniseJournal(const SimJournal& journal) {
  journal_.follow(journal, journal.last());
  std::vector<std::byte> left;
  eachRecord(log_.records, [&](const Record& record) {
    if (record.header.index <= journal_.last()) return;
    left.insert(left.end(), record.bytes, record.bytes + record.whole().size());
  });
  log_.records = std::move(left);
  highest_.erase(highest_.begin(), highest_.upper_bound(journal_.last()));
}

void SimDisk::killed(Random& random, const SimJournal& journal) {
  if (order_ && random.oneIn(2)) keep(*order_);
  order_.reset();
  const Index staged = random.below(8);  // entries that were not handed to the kernel yet
  journal_.follow(journal, journal.last() - std::min(staged, journal.last()));
}

void SimDisk::unpowered(Random& random, const SimJournal& journal) {
  if (order_ && random.oneIn(4)) keep(*order_);
  order_.reset();
  if (random.oneIn(2)) journal_.follow(journal, random.between(journal_.last(), journal.last()));
}

Recovery SimDisk::recover(std::size_t ringBytes) {
  if (snapshots_.index() > journal_.last()) journal_.restart(snapshots_.index());
  Done done{journal_.last(), 0};
  eachRecord(journal_.from(done.applied, 0),
             [&](const Record& record) { done.origin = record.header.origin; });
  if (done.applied == snapshots_.index() && snapshots_.manifest() != nullptr)
    done.origin = snapshots_.manifest()->origin;
  Recovery recovery = sortOut(log_, self.number, ringBytes, done);
  for (const Found& found : recovery.decided) journal_.append(found.bytes);
  log_ = {recovery.promise, recovery.ringStart, {}};
  for (const Found& found : recovery.undecided) {
    log_.records.insert(log_.records.end(), found.bytes.begin(), found.bytes.end());
  }
  return recovery;
}

Configuration SimDisk::configuration() const {
  SimDisk copy = *this;
  copy.recover(0);
  Configuration newest;
  newest.members = peers;
  newest = join ? Configuration() : newest.with(self);
  if (const Manifest* own = snapshots_.manifest()) newest = own->configuration;
  eachRecord(copy.journal_.from(copy.journal_.first(), ~std::size_t{0} >> 1), [&](const Record& record) {
    if (record.header.kind != static_cast<std::uint8_t>(EntryKind::configuration)) return;
    if (record.header.index < newest.index) return;
    newest = Configuration::decode(record.header.index, record.payload()).value_or(newest);
  });
  return newest;
}

}  // namespace gaia::sim
