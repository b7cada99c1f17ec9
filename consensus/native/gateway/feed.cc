#include "gateway/feed.h"

#include <algorithm>

namespace gaia::gateway {
namespace {

constexpr std::size_t stepBytes = 64;  // of one that carries no bytes
constexpr std::uint64_t foreverNs = 1'000'000'000;

}  // namespace

bool Feed::add(std::uint64_t index, View entry) {
  return readEntry(entry, [&](std::uint32_t author, const Record& record) {
    steps_.push_back({index, author, record.kind, record.connection, {record.bytes.begin(), record.bytes.end()}, record.said});
    waitingBytes_ += record.bytes.size() + stepBytes;
    highest_ = std::max(highest_, record.connection);
  });
}

// The log's word of what was said is no input. Where a connection was broken off after the leader's server had said something,
// it is so here: a server that sleeps may still be about to say it, by a timer (Connections::lookForSilence bounds that).
bool Feed::mayTake(const Step& step, std::uint64_t nowNs) const {
  if (step.kind == Record::Kind::reset && pace_.rests() && awaitsOutput(step.connection)) return false;
  const bool input = step.kind != Record::Kind::said && step.kind != Record::Kind::allReset;
  return !input || continues(step) || pace_.feeds(nowNs);
}

bool Feed::continues(const Step& step) const {
  return step.kind == Record::Kind::bytes && step.connection == justOpened_;
}

bool Feed::awaitsOutput(ConnectionNumber number) const {
  const Connection* connection = connections_.find(number);
  return connection != nullptr && connection->output.awaited();
}

void Feed::serve(std::uint64_t nowNs) {
  lookAtServer(nowNs);
  while (!steps_.empty() && mayTake(steps_.front(), nowNs)) {
    const Step step = std::move(steps_.front());
    steps_.pop_front();
    waitingBytes_ -= step.bytes.size() + stepBytes;
    take(step, nowNs);
    if (steps_.empty() || steps_.front().index != step.index) index_ = step.index;
  }
}

void Feed::take(const Step& step, std::uint64_t nowNs) {
  if (step.kind == Record::Kind::allReset) return closeEach(step);
  Connection* connection = connections_.find(step.connection);
  if (step.kind == Record::Kind::said) {
    if (connection != nullptr) connections_.expect(*connection, step.index, step.author, step.said, nowNs);
    return;
  }
  if (connection == nullptr && step.kind != Record::Kind::opened) return;
  const bool waited = !continues(step);
  give(step);
  connection = connections_.find(step.connection);
  fedFrom_ = connection != nullptr ? connections_.localPort(*connection) : 0;
  justOpened_ = step.kind == Record::Kind::opened ? step.connection : 0;
  if (waited)
    pace_.fed(nowNs);
  else
    pace_.fedOn(nowNs);
}

void Feed::give(const Step& step) {
  if (step.kind == Record::Kind::opened) return connections_.open(step.connection);
  if (step.kind == Record::Kind::reset) return connections_.forget(step.connection);
  Connection& connection = *connections_.find(step.connection);
  if (step.kind == Record::Kind::bytes)
    connections_.feed(connection, step.bytes);
  else
    connections_.endInput(connection);
}

// Each close is an input of its own.
void Feed::closeEach(const Step& step) {
  std::vector<ConnectionNumber> numbers;
  for (const auto& [number, connection] : connections_)
    if (number <= step.connection) numbers.push_back(number);
  for (auto number = numbers.rbegin(); number != numbers.rend(); ++number) {
    steps_.push_front({step.index, step.author, Record::Kind::reset, *number, {}, {}});
    waitingBytes_ += stepBytes;
  }
}

void Feed::lookAtServer(std::uint64_t nowNs) {
  if (!pace_.looksAt(nowNs)) return;
  const bool taken = queues_.taken(port_, fedFrom_);  // first: who sleeps after that has had it all
  const bool asleep = look_.asleep(nowNs);
  pace_.looked({asleep, taken, look_.usedNs()}, nowNs);
}

std::uint64_t Feed::waitNs(std::uint64_t nowNs) const {
  if (pace_.rests()) return foreverNs;
  return pace_.nextLookNs() > nowNs ? pace_.nextLookNs() - nowNs : 0;
}

}  // namespace gaia::gateway
