#include "runtime/wal.h"

#include <cerrno>

#include "core/crc32c.h"
#include "transport/sys.h"

namespace gaia {
namespace {

bool isShortage(int code) { return code == ENOSPC || code == EDQUOT || code == EFBIG; }

}  // namespace

std::string Wal::path(std::uint32_t number) const {
  return options_.directory + "/" + std::to_string(options_.member) + "-" + std::to_string(number) + ".wal";
}

std::uint32_t Wal::headChecksum(Frame frame) const {
  frame.headCrc = 0;
  return checksum(frame, {});
}

std::uint32_t Wal::checksum(Frame frame, std::span<const std::byte> records) const {
  frame.crc = 0;
  const auto seed = static_cast<std::uint32_t>(mix(options_.seed, frame.position));
  return crc32c(crc32c(seed, std::as_bytes(std::span(&frame, 1))), records);
}

Wal::Outcome Wal::append(std::span<const std::byte> records, const WalState& state) {
  const std::size_t bytes = sizeof(Frame) + records.size();
  if (segments_.empty() || segments_.back().used + bytes > options_.segmentBytes) {
    if (const Outcome begun = begin(); begun != Outcome::kept) return begun;
  }
  seekOldest(state.journal);
  const Outcome outcome = write(segments_.back(), records, state);
  if (outcome == Outcome::kept) {
    error_.clear();
    removeObsolete();
  }
  return outcome;
}

Wal::Outcome Wal::begin() {
  if (segments_.size() >= options_.segmentsMax) {
    error_ = "the log in " + options_.directory + " has reached " + std::to_string(options_.segmentsMax) +
             " segments because the journal beside it does not go on; see journalError";
    return Outcome::noRoom;
  }
  Segment segment;
  segment.number = next_;
  files_.remove(path(next_));  // of a life that ended before it had written a frame there
  if (const int code = files_.create(path(next_), options_.segmentBytes, &segment.file)) {
    return fault(Outcome::noRoom, "allocate " + std::to_string(options_.segmentBytes) + " bytes for", next_,
                 code);
  }
  if (const int code = files_.sync(options_.directory))
    return fault(Outcome::failed, "synchronise", next_, code);
  if (!segments_.empty()) before_ = static_cast<std::uint32_t>(segments_.back().used);
  segments_.push_back(std::move(segment));
  next_++;
  return Outcome::kept;
}

Wal::Outcome Wal::write(Segment& segment, std::span<const std::byte> records, const WalState& state) {
  Frame frame;
  frame.position = positionOf(segment.number, segment.used);
  frame.promise = state.promise;
  frame.ringEnd = state.ringEnd;
  frame.journal = state.journal;
  frame.oldest = oldest_;
  frame.before = before_;
  frame.length = static_cast<std::uint32_t>(records.size());
  frame.headCrc = headChecksum(frame);
  frame.crc = checksum(frame, records);
  const auto head = std::as_bytes(std::span(&frame, 1));
  buffer_.assign(head.begin(), head.end());
  buffer_.insert(buffer_.end(), records.begin(), records.end());
  if (const int code = segment.file->write(segment.used, buffer_)) {
    return fault(isShortage(code) ? Outcome::noRoom : Outcome::failed, "write", segment.number, code);
  }
  if (const int code = segment.file->sync())
    return fault(Outcome::failed, "synchronise", segment.number, code);
  segment.used += buffer_.size();
  segment.highest = std::max(segment.highest, highestIndexIn(records));
  return Outcome::kept;
}

Wal::Outcome Wal::fault(Outcome outcome, const std::string& what, std::uint32_t number, int code) {
  error_ = "cannot " + what + " " + path(number) + ": " + sys::errorText(code);
  return outcome;
}

// Segments all of whose records the journal has on disk are not needed; the next frame says so, then they go.
void Wal::seekOldest(Index journal) {
  while (segments_.size() > 1 && segments_.front().highest <= journal) {
    obsolete_.push_back(segments_.front().number);
    segments_.pop_front();
    oldest_ = segments_.front().number;
  }
}

void Wal::removeObsolete() {
  while (!obsolete_.empty() && obsolete_.front() < oldest_) {
    files_.remove(path(obsolete_.front()));  // what stays behind is taken for old by its number
    obsolete_.pop_front();
  }
}

}  // namespace gaia
