#include "history.h"

#include <algorithm>

namespace gaia::sim {
namespace {

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

void History::appended(std::uint32_t life, const Record& record) {
  const RecordHeader& header = record.header;
  const auto [leader, freshBallot] = leaders_.emplace(header.ballot, life);
  if (!freshBallot && leader->second != life) {
    fail("one leader per ballot: two lives lead under ballot " + ballotText(header.ballot));
  }
  if (header.kind == padKind) return;
  const std::uint64_t content = contentOf(static_cast<EntryKind>(record.header.kind), record.payload());
  const auto [known, fresh] = written_.emplace(mix(header.ballot, header.index), content);
  if (!fresh && known->second != content) {
    fail("one content per position: ballot " + ballotText(header.ballot) + " has two entries " +
         std::to_string(header.index));
  }
}

void History::applied(std::uint32_t number, const Record& record) {
  const Index index = record.header.index;
  const Decided entry{record.header.origin,
                      contentOf(static_cast<EntryKind>(record.header.kind), record.payload())};
  if (index > decided_.size()) {
    if (record.header.prevOrigin != originOf(index - 1)) {
      fail("primary order: " + member(number) + " applies entry " + std::to_string(index) +
           " that was built on another " + std::to_string(index - 1) + " than the decided one");
    }
    decided_.push_back(entry);
    if (const auto known = acknowledged_.find(index); known != acknowledged_.end()) {
      checkAcknowledged(index, known->second);
    }
    return;
  }
  const Decided& known = decided_[index - 1];
  if (known.origin == entry.origin && known.content == entry.content) return;
  fail("agreement: " + member(number) + " applies another entry " + std::to_string(index) +
       " than others (origin " + ballotText(entry.origin) + " instead of " + ballotText(known.origin) +
       ", under ballot " + ballotText(record.header.ballot) + ")");
}

void History::executed(std::uint32_t number, Index index, std::uint64_t state) {
  if (index >= states_.size()) states_.resize(index + 64);
  std::optional<std::uint64_t>& known = states_[index];
  if (known && *known != state)
    fail("state: " + member(number) + " has another one than others after entry " + std::to_string(index));
  known = state;
}

void History::acknowledged(Index index, std::uint64_t content) {
  acknowledged_[index] = content;
  if (index <= decided_.size()) checkAcknowledged(index, content);
}

void History::checkAcknowledged(Index index, std::uint64_t content) {
  if (decided_[index - 1].content == content) return;
  fail("loss: acknowledged entry " + std::to_string(index) + " is lost: another one is decided there");
}

void History::overwritten(std::uint32_t owner, Index applied, const Appended& record) {
  if (record.index <= applied) return;
  undecided_.push_back({owner, record});
  if (record.index <= decided_.size()) checkOverwritten(undecided_.back());
}

void History::checkOverwritten(const Overwritten& lost) {
  if (decided_[lost.record.index - 1].origin != lost.record.origin) return;
  fail("G1: entry " + std::to_string(lost.record.index) + " (ballot " + ballotText(lost.record.ballot) +
       ") was overwritten at " + member(lost.owner) + ", which had not applied it");
}

void History::end() {
  for (const Overwritten& lost : undecided_) {
    if (lost.record.index <= decided_.size()) checkOverwritten(lost);
  }
}

void RingGuard::place(std::uint32_t writer, const std::vector<Appended>& log, Position position,
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
  auto record = std::lower_bound(log.begin(), log.end(), position,
                                 [](const Appended& entry, Position at) { return entry.end <= at; });
  for (; record != log.end() && record->start < end; record++) {
    if (lying_.empty() || record->start > lying_.back().start) lying_.push_back(*record);
  }
}

}  // namespace gaia::sim
