#include "core/ring_reader.h"

namespace gaia {

void RingReader::assign(std::uint32_t number) {
  if (number == number_) return;
  number_ = number;
  anchored_ = false;
  window_.clear();
  older_.clear();
  statement_ = {};
  anchor_ = 0;
  skipTo(0);
  publish();
}

void RingReader::reset() {
  RingHead& head = region_.ringHead(slot_);
  storeWord(head.anchor, 0);
  storeWord(head.commitBallot, 0);
  assign(std::exchange(number_, 0));
}

// Nothing before `position` needs to be read or persisted any more.
void RingReader::skipTo(Position position) {
  next_ = ordered_ = persisted_ = position;
  epoch_++;
}

void RingReader::confirm(std::uint64_t epoch, Position position) {
  if (epoch != epoch_) return;
  persisted_ = position;
  publish();
}

void RingReader::restart(Position position) {
  window_.clear();
  next_ = position;
  anchored_ = true;
  anchor_ = loadWord(region_.ringHead(slot_).anchor);
  published_ = 0;  // the writer has published cursors of its own meanwhile
  publish();
}

void RingReader::poll() {
  if (number_ == 0) return;
  followAnchor();
  if (!anchored_) return;
  takeRecords();
  takeStatement();
}

void RingReader::followAnchor() {
  const std::uint64_t anchor = loadWord(region_.ringHead(slot_).anchor);
  if (anchor == anchor_ || !placeIsOf(anchor, number_)) return;
  anchor_ = anchor;
  const Position position = placePosition(anchor);
  if (anchored_ && position < next_) return;
  window_.clear();  // the writer saw `applied` at or above all of these
  skipTo(position);
  anchored_ = true;
  publish();
}

void RingReader::takeRecords() {
  const std::size_t size = region_.ringBytes();
  for (;;) {
    const std::size_t offset = next_ % size;
    const auto record = parseRecord(region_.ring(slot_) + offset, size - offset, next_);
    if (!record || numberOf(record->header.ballot) != number_) return;
    next_ += recordBytes(record->header.length);
    arrivals_++;
    state(record->header.ballot, record->header.commit);
    if (record->header.kind != padKind) window_.push(*record);
  }
}

void RingReader::takeStatement() {
  const RingHead& head = region_.ringHead(slot_);
  const CommitStatement statement{loadWord(head.commitBallot), loadWord(head.commit), loadWord(head.commitCheck)};
  if (statement.valid() && numberOf(statement.ballot) == number_) state(statement.ballot, statement.commit);
}

void RingReader::state(Ballot ballot, Index commit) {
  if (ballot < statement_.ballot) return;
  if (ballot > statement_.ballot) {
    if (statement_.ballot != 0 && !window_.empty()) older_.push({statement_.ballot, statement_.commit});
    statement_ = {ballot, commit, 0};
  }
  statement_.commit = std::max(statement_.commit, commit);
}

Index RingReader::stated(Ballot ballot) const {
  if (statement_.ballot == ballot) return statement_.commit;
  for (std::size_t i = older_.size(); i-- > 0;) {
    if (older_[i].first == ballot) return older_[i].second;
  }
  return 0;
}

bool RingReader::provesDecided(const Record& record) const {
  const Ballot ballot = mutant(Mutant::olderBallotApplied) ? statement_.ballot : record.header.ballot;
  return record.header.index <= stated(ballot);
}

const Record* RingReader::decided(Index index) {
  for (std::size_t i = 0; i < window_.size(); i++) {
    const bool proven = provesDecided(window_[i]) || mutant(Mutant::anyLocalApplied);
    if (window_[i].header.index == index && proven) return &window_[i];
  }
  return nullptr;
}

void RingReader::advance(const Done& done) {
  if (number_ == 0) return;
  while (!window_.empty() && done.covers(window_.front().header.index, window_.front().header.ballot)) {
    window_.pop();
  }
  if (window_.empty()) older_.clear();
  publish();
}

void RingReader::publish() {
  Position cursor = window_.empty() ? next_ : window_.front().header.position;
  if (durable_ && !mutant(Mutant::cursorUnkept)) cursor = std::min(cursor, persisted_);
  const std::uint64_t place = packPlace(number_, cursor);
  if (place == published_) return;
  published_ = place;
  storeWord(region_.ringHead(slot_).cursor, place);
}

}  // namespace gaia
