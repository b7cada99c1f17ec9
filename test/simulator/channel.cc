#include "channel.h"

#include "world.h"

namespace gaia::sim {
namespace {

constexpr std::size_t journalBytesMax = 32u << 10;  // of one answer

}  // namespace

SimChannel::SimChannel(World& world, std::uint32_t id, Node& writer, Node& owner, bool byOwner)
    : world_(world),
      id_(id),
      writer_(writer),
      owner_(owner),
      byOwner_(byOwner),
      counts_(writer.core.role() != Role::learner) {}

void SimChannel::write(std::size_t offset, std::span<const std::byte> bytes) {
  Operation operation{
      .kind = Operation::Kind::write, .offset = offset, .bytes = {bytes.begin(), bytes.end()}};
  const std::size_t ring = writer_.region.ringOffset(writer_.member.slot);
  operation.inRing = offset >= ring && offset < ring + writer_.region.ringBytes();
  if (offset == anchorOffset(writer_.member.slot)) world_.anchors(writer_, owner_);
  if (operation.inRing) operation.position = writer_.positionOf(offset - ring);
  add(std::move(operation));
}

void SimChannel::read(std::size_t offset, std::size_t length) {
  add({.kind = Operation::Kind::read, .offset = offset, .bytes = std::vector<std::byte>(length)});
}

void SimChannel::readJournal(Index from) {
  world_.count(Count::journalReads);
  add({.kind = Operation::Kind::journal, .offset = from, .bytes = {}});
}

void SimChannel::readSnapshot(Index index, std::uint32_t number) {
  add({.kind = Operation::Kind::snapshot, .offset = index, .number = number, .bytes = {}});
}

void SimChannel::add(Operation operation) {
  lastDueNs_ = std::max(lastDueNs_, world_.nowNs + world_.delayNs());
  operation.dueNs = lastDueNs_;
  operation.end = operation.bytes.size();
  if (operation.end > 8 && world_.tears()) {
    operation.cut = 8 * world_.random.between(1, (operation.end - 1) / 8);
    operation.lastFirst = world_.random.oneIn(2);
    world_.count(Count::tornOperations);
  }
  if (mutant(Mutant::tornClaim) && operation.kind == Operation::Kind::write && operation.end == 8) {
    operation.cut = 4;
    operation.lastFirst = true;
  }
  if (world_.tracing()) say(operation, "posts");
  operations_.push(std::move(operation));
  if (mutant(Mutant::readBeforeWrite)) overtake();
  schedule();
}

// The read posted last takes the place of the writes before it.
void SimChannel::overtake() {
  for (std::size_t i = operations_.size(); i-- > 1;) {
    if (operations_[i].kind != Operation::Kind::read || operations_[i - 1].kind != Operation::Kind::write)
      return;
    std::swap(operations_[i], operations_[i - 1]);
    std::swap(operations_[i].dueNs, operations_[i - 1].dueNs);
  }
}

void SimChannel::schedule() {
  if (scheduled_ || operations_.empty()) return;
  scheduled_ = true;
  world_.events.add(std::max(world_.nowNs, operations_.front().dueNs), Event::Kind::operation, id_);
}

void SimChannel::scheduleAnswer() {
  if (answerScheduled_ || answers_.empty() || !open_) return;
  answerScheduled_ = true;
  world_.events.add(std::max(world_.nowNs, answers_.front().dueNs), Event::Kind::answer, id_);
}

void SimChannel::resume() {
  schedule();
  scheduleAnswer();
}

void SimChannel::execute() {
  scheduled_ = false;
  if (operations_.empty() || destroyed_ || !owner_.alive) return operations_.clear();
  if (world_.cut(writer_, owner_) || (byOwner_ && owner_.paused())) return;  // until resume()
  if (!open_) world_.count(Count::lateOperations);
  if (executePart(operations_.front())) {
    Operation done = std::move(operations_.front());
    operations_.pop();
    finish(done);
  }
  schedule();
}

// False: its other part follows.
bool SimChannel::executePart(Operation& operation) {
  if (operation.kind == Operation::Kind::write) guard(operation);
  if (operation.cut == 0) {
    move(operation, operation.begin, operation.end);
    return true;
  }
  const std::size_t cut = operation.cut;
  operation.cut = 0;
  operation.dueNs = world_.nowNs + world_.delayNs();
  if (world_.tracing()) say(operation, "executes a part of");
  if (operation.lastFirst) {
    move(operation, cut, operation.end);
    operation.end = cut;
  } else {
    move(operation, 0, cut);
    operation.begin = cut;
  }
  return false;
}

void SimChannel::move(Operation& operation, std::size_t begin, std::size_t end) {
  std::byte* place = owner_.region.base() + operation.offset + begin;
  std::byte* bytes = operation.bytes.data() + begin;
  if (operation.kind == Operation::Kind::write) {
    placeBytes(place, bytes, end - begin);
    owner_.written();
  } else if (operation.kind == Operation::Kind::read) {
    fetchBytes(bytes, place, end - begin);
  }
}

void SimChannel::finish(Operation& operation) {
  if (world_.tracing()) say(operation, "executes");
  world_.digest(operation.offset, operation.end);
  if (!open_ || operation.kind == Operation::Kind::write) return;
  if (operation.kind == Operation::Kind::read)
    return answer(Completion::Kind::read, std::move(operation.bytes));
  const std::uint32_t reader = writer_.member.number;
  if (operation.kind == Operation::Kind::snapshot)
    return answer(Completion::Kind::snapshot, owner_.pieceFor(reader, operation.offset, operation.number));
  answer(Completion::Kind::journal, owner_.journalFor(reader, operation.offset, journalBytesMax));
}

void SimChannel::guard(const Operation& operation) {
  if (operation.inRing) {
    owner_.ringWritten(writer_, operation.position, operation.end);
  } else if (operation.offset == claimOffset(writer_.member.slot)) {
    Ballot claim;
    std::memcpy(&claim, operation.bytes.data(), sizeof(claim));
    const Ballot before = owner_.region.control().claim[writer_.member.slot];
    if (claim < before && numberOf(claim) == numberOf(before)) {
      world_.history.fail("N2: a claim of member " + std::to_string(numberOf(claim)) + " falls");
    }
  }
}

void SimChannel::answer(Completion::Kind kind, std::vector<std::byte> bytes) {
  lastAnswerNs_ = std::max(lastAnswerNs_, world_.nowNs + world_.delayNs());
  answers_.push({kind, std::move(bytes), lastAnswerNs_});
  scheduleAnswer();
}

void SimChannel::arrive() {
  answerScheduled_ = false;
  if (!open_ || world_.cut(owner_, writer_)) return;  // until resume()
  writer_.answered();
}

bool SimChannel::poll(Completion* completion) {
  const bool none = answers_.empty() || answers_.front().dueNs > world_.nowNs || world_.cut(owner_, writer_);
  if (none) {
    scheduleAnswer();
    return false;
  }
  current_ = std::move(answers_.front().bytes);
  *completion = {answers_.front().kind, current_};
  answers_.pop();
  return true;
}

void SimChannel::close() {
  open_ = false;
  answers_.clear();
  const bool all = mutant(Mutant::lateDuplicate);
  std::size_t left = all ? operations_.size() : world_.random.below(operations_.size() + 1);
  Fifo<Operation> landing;
  for (; left > 0; left--, operations_.pop()) landing.push(std::move(operations_.front()));
  operations_ = std::move(landing);
  if (all && !operations_.empty()) operations_.front().dueNs += world_.random.below(30 * nsPerMs);
}

void SimChannel::destroy() {
  operations_.clear();
  destroyed_ = true;
  if (open_)
    world_.events.add(world_.nowNs + world_.delayNs(), Event::Kind::reset, writer_.life,
                      owner_.member.number);
}

void SimChannel::rest() {
  if (operations_.empty()) operations_ = Fifo<Operation>();
  if (answers_.empty()) answers_ = Fifo<Answer>();
}

bool SimChannel::broken() const { return destroyed_ || !owner_.alive; }

void SimChannel::say(const Operation& operation, const char* what) const {
  const auto place = owner_.describe(operation.offset, operation.end, writer_.member.slot);
  static constexpr std::array kinds{"write of ", "read of ", "journal read from ", "snapshot read of "};
  const char* kind = kinds[static_cast<std::size_t>(operation.kind)];
  world_.say("member ", writer_.member.number, " ", what, " ", kind, place, " at member ",
             owner_.member.number);
}

}  // namespace gaia::sim
