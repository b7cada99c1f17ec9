#include "history.h"

#include <algorithm>

namespace gaia::sim {
namespace {

constexpr std::size_t ballotsRemembered = 256;

std::string member(std::uint32_t number) { return "member " + std::to_string(number); }

std::string ballotText(Ballot ballot) {
  return std::to_string(termOf(ballot)) + "." + std::to_string(numberOf(ballot));
}

}  // namespace

std::uint64_t contentOf(EntryKind kind, std::span<const std::byte> payload) {
  std::uint64_t hash = static_cast<std::uint64_t>(kind) + payload.size();
  for (std::size_t at = 0; at < payload.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, payload.data() + at, std::min<std::size_t>(8, payload.size() - at));
    hash = (hash ^ word) * 0x9E3779B97F4A7C15u;
    hash ^= hash >> 29;
  }
  return hash;
}

History::Place& History::at(Index index) {
  if (index - forgotten_ > places_.size()) places_.resize(index - forgotten_);
  return places_[index - forgotten_ - 1];
}

void History::appended(std::uint32_t life, const Record& record) {
  const RecordHeader& header = record.header;
  const auto [leader, freshBallot] = leaders_.emplace(header.ballot, life);
  if (!freshBallot && leader->second != life) {
    fail("one leader per ballot: two lives lead under ballot " + ballotText(header.ballot));
  }
  if (header.kind == padKind || forgotten(header.index)) return;
  const std::uint64_t content = contentOf(static_cast<EntryKind>(record.header.kind), record.payload());
  auto& written = at(header.index).written;
  const auto known = std::find_if(written.begin(), written.end(),
                                  [&](const auto& other) { return other.first == header.ballot; });
  if (known == written.end()) {
    written.emplace_back(header.ballot, content);
  } else if (known->second != content) {
    fail("one content per position: ballot " + ballotText(header.ballot) + " has two entries " +
         std::to_string(header.index));
  }
}

void History::applied(std::uint32_t number, const Record& record) {
  const Index index = record.header.index;
  if (forgotten(index)) return failForgotten(number, index);
  const std::uint64_t content = contentOf(static_cast<EntryKind>(record.header.kind), record.payload());
  if (index > decided_) return settle(number, record, content);
  const Place& known = at(index);
  const Ballot origin = record.header.origin;
  if (known.origin == origin && known.content == content) return;
  fail("agreement: " + member(number) + " applies another entry " + std::to_string(index) +
       " than others (origin " + ballotText(origin) + " instead of " + ballotText(known.origin) +
       ", under ballot " + ballotText(record.header.ballot) + ")");
}

// The first member applies it.
void History::settle(std::uint32_t number, const Record& record, std::uint64_t content) {
  const Index index = record.header.index;
  if (record.header.prevOrigin != originOf(index - 1)) {
    fail("primary order: " + member(number) + " applies entry " + std::to_string(index) +
         " that was built on another " + std::to_string(index - 1) + " than the decided one");
  }
  decided_ = index;
  Place& place = at(index);
  place.origin = record.header.origin;
  place.content = content;
  if (place.acknowledged) checkAcknowledged(index);
}

void History::executed(std::uint32_t number, Index index, std::uint64_t state) {
  if (!forgotten(index)) return compare(number, index, &at(index).state, state);
  const auto kept = states_.find(index);
  if (kept == states_.end()) return failForgotten(number, index);
  compare(number, index, &kept->second, state);
}

void History::compare(std::uint32_t number, Index index, std::optional<std::uint64_t>* known, std::uint64_t state) {
  if (*known && **known != state)
    fail("state: " + member(number) + " has another one than others after entry " + std::to_string(index));
  *known = state;
}

void History::acknowledged(Index index, std::uint64_t content) {
  if (forgotten(index)) return failForgotten(0, index);
  std::optional<std::uint64_t>& known = at(index).acknowledged;
  acknowledgements_ += known ? 0 : 1;
  acknowledgedMax_ = std::max(acknowledgedMax_, index);
  known = content;
  if (index <= decided_) checkAcknowledged(index);
}

void History::checkAcknowledged(Index index) {
  const Place& place = at(index);
  if (place.content == place.acknowledged) return;
  fail("loss: acknowledged entry " + std::to_string(index) + " is lost: another one is decided there");
}

void History::overwritten(std::uint32_t owner, Index applied, const Appended& record) {
  if (record.index <= applied) return;
  undecided_.push_back({owner, record});
  if (record.index <= decided_) checkOverwritten(undecided_.back());
}

void History::checkOverwritten(const Overwritten& lost) {
  if (forgotten(lost.record.index) || at(lost.record.index).origin != lost.record.origin) return;
  fail("G1: entry " + std::to_string(lost.record.index) + " (ballot " + ballotText(lost.record.ballot) +
       ") was overwritten at " + member(lost.owner) + ", which had not applied it");
}

void History::settleOverwritten() {
  std::erase_if(undecided_, [this](const Overwritten& lost) {
    if (lost.record.index > decided_) return false;
    checkOverwritten(lost);
    return true;
  });
}

void History::failForgotten(std::uint32_t number, Index index) {
  fail("checks: entry " + std::to_string(index) + " comes up again, at " + member(number) +
       ", after it was forgotten");
}

void History::forgetBelow(Index needed, const std::set<Index>& startedFrom) {
  settleOverwritten();
  std::erase_if(states_, [&](const auto& entry) { return !startedFrom.contains(entry.first); });
  while (forgotten_ + 1 < std::min(needed, decided_)) {
    forgotten_++;
    if (startedFrom.contains(forgotten_)) states_[forgotten_] = places_.front().state;
    places_.pop_front();
  }
  while (leaders_.size() > ballotsRemembered) leaders_.erase(leaders_.begin());
}

void RingGuard::place(std::uint32_t writer, const std::deque<Appended>& log, Position position,
                      std::size_t length, std::size_t ringBytes, std::uint32_t owner, Index applied,
                      History* history) {
  const Position end = position + length;
  if (writer_ != writer) {
    for (const Appended& record : lying_) history->overwritten(owner, applied, record);
    lying_.clear();
    writer_ = writer;
  }
  while (!lying_.empty() && lying_.front().start + ringBytes < end) {
    history->overwritten(owner, applied, lying_.front());
    lying_.pop_front();
  }
  while (!lying_.empty() && lying_.front().index <= applied) lying_.pop_front();
  auto record = std::lower_bound(log.begin(), log.end(), position,
                                 [](const Appended& entry, Position at) { return entry.end <= at; });
  for (; record != log.end() && record->start < end; record++) {
    if (lying_.empty() || record->start > lying_.back().start) lying_.push_back(*record);
  }
}

}  // namespace gaia::sim
