#include "transport/work_queue.h"

namespace gaia {
namespace {

constexpr std::size_t writeBytesMax = 256u << 10;
constexpr std::size_t alignment = 64;
constexpr std::size_t unsignalledBytesMax = WorkQueue::bufferBytes / 8;

bool after(std::uint32_t a, std::uint32_t b) { return static_cast<std::int32_t>(a - b) > 0; }

}  // namespace

void WorkQueue::open(const verbs::WorkLimits& limits) {
  *this = WorkQueue(buffer_);
  limits_ = limits;
}

void WorkQueue::write(std::size_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const auto part = bytes.first(std::min(bytes.size(), writeBytesMax));
    if (!waiting_.empty() || !start(false, offset, part.data(), part.size())) wait(false, offset, part.data(), part.size());
    offset += part.size();
    bytes = bytes.subspan(part.size());
  }
}

void WorkQueue::read(std::size_t offset, std::size_t length) {
  if (!waiting_.empty() || !start(true, offset, nullptr, length)) wait(true, offset, nullptr, length);
}

void WorkQueue::wait(bool reads, std::size_t offset, const std::byte* bytes, std::size_t length) {
  Waiting& waiting = waiting_.pushSlot();
  waiting.reads = reads;
  waiting.offset = offset;
  waiting.length = length;
  waiting.bytes.assign(bytes, reads ? bytes : bytes + length);
  waitingBytes_ += sizeof(Waiting) + waiting.bytes.size();
}

// Contiguous room; the end of the buffer is skipped when it is too short.
bool WorkQueue::claim(std::size_t length, std::span<std::byte>* place) {
  if (head_ == tail_) head_ = tail_ = released_ = signalledHead_ = 0;
  const std::size_t room = (length + alignment - 1) / alignment * alignment;
  const std::size_t toEnd = buffer_.size() - head_ % buffer_.size();
  const std::size_t skipped = room > toEnd ? toEnd : 0;
  if (head_ + skipped + room - tail_ > buffer_.size()) return false;
  head_ += skipped;
  *place = buffer_.subspan(head_ % buffer_.size(), length);
  head_ += room;
  return true;
}

bool WorkQueue::start(bool reads, std::size_t offset, const std::byte* bytes, std::size_t length) {
  if (outstanding() >= limits_.work || (reads && reads_.size() >= limits_.reads)) return false;
  std::span<std::byte> place;
  if (!claim(length, &place)) return false;
  const std::uint32_t id = ++lastId_;
  if (reads) reads_.push(id);
  else std::memcpy(place.data(), bytes, length);
  flights_.push({id, reads, place, head_});
  started_.push_back({reads, false, !reads && length <= limits_.inlineBytes, static_cast<std::uint32_t>(length),
                      place.data(), offset, id});
  return true;
}

void WorkQueue::startWaiting() {
  while (!waiting_.empty()) {
    Waiting& next = waiting_.front();
    if (!start(next.reads, next.offset, next.bytes.data(), next.length)) return;
    waitingBytes_ -= sizeof(Waiting) + next.bytes.size();
    waiting_.pop();
  }
}

void WorkQueue::signal(verbs::Work& work) {
  work.signalled = true;
  signalledId_ = work.id;
  signalledHead_ = head_;
}

std::span<const verbs::Work> WorkQueue::batch() {
  startWaiting();
  batch_.clear();
  std::swap(batch_, started_);
  for (std::size_t i = batch_.size(); i-- > 0;) {
    if (!batch_[i].reads) continue;
    signal(batch_[i]);
    break;
  }
  const bool many = lastId_ - signalledId_ > limits_.work / 4 || head_ - signalledHead_ > unsignalledBytesMax;
  if (!batch_.empty() && (many || !waiting_.empty())) signal(batch_.back());
  return batch_;
}

// A completed write says nothing of reads before it: Soft-iWARP completes it while their answers are still on their way.
void WorkQueue::done(std::uint32_t id) {
  bool read = false;
  for (std::size_t i = 0; i < reads_.size(); i++) read = read || reads_[i] == id;
  if (read) {
    doneId_ = id;
    while (!reads_.empty() && !after(reads_.front(), id)) reads_.pop();
  } else if (after(id, doneWriteId_)) {
    doneWriteId_ = id;
  }
  const bool allAnswered = reads_.empty() || after(reads_.front(), doneWriteId_);
  if (!after(doneWriteId_, doneId_)) doneWriteId_ = doneId_;
  else if (allAnswered) doneId_ = doneWriteId_;
}

bool WorkQueue::answer(std::span<const std::byte>* bytes) {
  tail_ = std::max(tail_, released_);
  while (!flights_.empty() && !after(flights_.front().id, doneId_)) {
    const Flight flight = flights_.front();
    flights_.pop();
    released_ = flight.end;
    if (!flight.reads) {
      tail_ = released_;
      continue;
    }
    *bytes = flight.place;
    return true;
  }
  return false;
}

}  // namespace gaia
