// Durability `disk` (rule D1): what must be on disk before others may count on it, and members that return.
#include "core/core.h"

namespace gaia {

void Core::recover(const Recovery& recovery) {
  storeWord(region_.control().persistedPromise, recovery.promise);
  ballot_ = numberOf(recovery.promise) == self_.number ? recovery.promise : 0;
  for (const Found& found : recovery.undecided) aside_.add(found.record(), 0);
  for (std::uint8_t slot = 0; slot < slotsMax; slot++) {
    if (slot != self_.slot) readers_[slot].keepUnpersisted();
  }
}

// The writer's new life begins with an empty ring here, so that it need not know what its former one wrote. A
// candidate that reads meanwhile sees the ring's anchor move and reads again.
bool Core::returned(std::uint32_t number, std::uint64_t life) {
  const auto known = lives_.find(number);
  if (known == lives_.end()) return lives_[number] = life, true;
  if (known->second == life) return true;
  for (RingReader& reader : readers_) {
    // Not a member whose slot this one is to take over: the ring there is this member's own.
    if (reader.writer() != number || &reader == &readers_[self_.slot]) continue;
    reader.poll();
    for (std::size_t i = 0; i < reader.window().size(); i++) {
      const Record& record = reader.window()[i];
      if (delivered_ && delivered_->bytes == record.bytes) return false;  // is being executed from there
      if (done().covers(record.header.index, record.header.ballot) || mutant(Mutant::formerLifeLost)) continue;
      if (!aside_.add(record, reader.stated(record.header.ballot))) return false;
    }
    reader.reset();
  }
  known->second = life;
  return true;
}

PersistOrder Core::takePersistOrder() {
  PersistOrder order;
  const Ballot promise = promiseOf(region_.control());
  if (promise > persistedPromise()) order.promise = promise;
  if (journalDue_ > journalOrdered_) order.journal = journalOrdered_ = journalDue_;
  for (std::uint8_t slot = 0; slot < slotsMax; slot++) orderRing(slot, &order);
  return order;
}

void Core::orderRing(std::uint8_t slot, PersistOrder* order) {
  RingReader& reader = readers_[slot];
  const bool own = slot == self_.slot;
  if (!own) reader.poll();
  const Position from = own ? ownOrdered_ : reader.ordered();
  const Position end = own ? writer_.head() : reader.arrived();
  Position to = from;
  while (to < end && order->records.size() < orderBytesMax) {
    RecordHeader header;
    const std::byte* at = region_.ring(slot) + to % region_.ringBytes();
    std::memcpy(&header, at, sizeof(header));
    // Whoever writes over what is not kept yet must not lead this member out of its ring.
    const std::size_t lap = region_.ringBytes() - to % region_.ringBytes();
    const std::size_t length = std::min({recordBytes(header.length), lap, std::size_t{end - to}});
    if (header.kind != padKind) order->records.insert(order->records.end(), at, at + length);
    to += length;
  }
  if (to == from) return;
  order->spans.push_back({slot, own ? 0 : reader.epoch(), to});
  own ? void(ownOrdered_ = to) : reader.order(to);
}

void Core::persisted(const PersistOrder& order) {
  if (order.promise > persistedPromise()) storeWord(region_.control().persistedPromise, order.promise);
  for (const PersistOrder::Span& span : order.spans) {
    if (span.slot == self_.slot)
      writer_.setPersisted(span.to);
    else
      readers_[span.slot].confirm(span.epoch, span.to);
  }
  publishPersisted();
}

// One word names the writer and the place in its ring, so that no other leader can mistake it for its own
// (D1).
void Core::publishPersisted() {
  const Ballot promise = promiseOf(region_.control());
  const std::size_t slot = slotOf(promise);
  if (slot >= slotsMax || readers_[slot].writer() != numberOf(promise)) return;
  storeWord(region_.control().persisted, packPlace(numberOf(promise), readers_[slot].persisted()));
}

// How much of this member's ring the last control read showed on the peer's disk (D1).
Position Core::onDisk(const Peer& peer) const {
  const bool ours = placeIsOf(peer.seen.persisted, self_.number) || mutant(Mutant::placeUnnamed);
  return ours ? placePosition(peer.seen.persisted) : 0;
}

bool Core::writesHere(std::uint32_t number) const {
  return std::any_of(readers_.begin(), readers_.end(),
                     [&](const auto& reader) { return reader.writer() == number; });
}

// Those that wait for this member's disk or the peer's to keep the claim.
void Core::retryScans() {
  for (Peer* voter : voters_) {
    if (voter->channel == nullptr) continue;
    if (!voter->scan) beginScan(*voter);
    if (!voter->scan || voter->scan->state() != PeerScan::State::unpersisted) continue;
    const PeerScan::Read read = voter->scan->again();
    voter->reads.push({PendingRead::Kind::scan, ballot_, 0});
    voter->channel->read(read.offset, read.length);
  }
  checkCampaign();
}

void Core::setPersisting(bool persisting) {
  if (persisting_ == persisting) return;
  persisting_ = persisting;
  if (!persisting) stepDown();
  listener_.changed();
}

}  // namespace gaia
