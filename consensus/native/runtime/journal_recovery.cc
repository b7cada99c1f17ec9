// A journal that outlives its member's process (durability `disk`).
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "runtime/journal.h"

namespace gaia {

bool Journal::recover(Index onDisk) {
  std::vector<std::uint32_t> numbers;
  if (!makePlace() || !found(&numbers)) return false;
  std::size_t used = 0;
  while (used < numbers.size() && recoverSegment(numbers[used])) used++;
  if (last() < onDisk) {
    fail(segments_.empty() ? pathOf(0) + " is missing"
                           : pathOf(numbers[used - 1]) + " is damaged at offset " +
                                 std::to_string(segments_.back().used) + ", or the file after it is missing");
    return false;
  }
  // What follows a torn end was never counted on: these entries are still in the log, or with others.
  for (std::size_t i = used; i < numbers.size(); i++) unlink(pathOf(numbers[i]).c_str());
  created_ = segments_.empty() ? 0 : numbers[used - 1] + 1;
  Guard guard(lock_);
  return !segments_.empty() || addSegment(guard);
}

bool Journal::found(std::vector<std::uint32_t>* numbers) {
  std::vector<std::string> names;
  if (const int code = sys::listDirectory(directory_, &names)) {
    fail("cannot read " + directory_ + ": " + sys::errorText(code));
    return false;
  }
  const std::string prefix = std::to_string(member_) + "-", suffix = ".journal";
  for (const std::string& name : names) {
    if (!name.starts_with(prefix) || !name.ends_with(suffix)) continue;
    std::uint32_t number = 0;
    const auto [end, bad] = std::from_chars(name.data() + prefix.size(), name.data() + name.size(), number);
    if (bad == std::errc() && end == name.data() + name.size() - suffix.size()) numbers->push_back(number);
  }
  std::sort(numbers->begin(), numbers->end());
  return true;
}

// Takes the file if it goes on with the next entry (or is the first).
bool Journal::recoverSegment(std::uint32_t number) {
  Segment segment;
  segment.descriptor = sys::openFile(pathOf(number), O_RDWR);
  std::vector<std::byte> bytes(segmentBytes);
  const bool readable = segment.descriptor >= 0 &&
                        sys::transferAll(0, bytes.size(), [&](std::size_t at, std::size_t part) {
                          return pread(segment.descriptor, bytes.data() + at, part, static_cast<off_t>(at));
                        }) == 0;
  const Index before = last();
  if (readable) walk(bytes, &segment);
  if (last() == before && !segments_.empty()) {
    sys::close(segment.descriptor);
    return false;
  }
  segments_.push_back(std::move(segment));
  return true;
}

void Journal::walk(std::span<const std::byte> bytes, Segment* segment) {
  bool follows = true;
  eachRecord(bytes, [&](const Record& record) {
    follows = follows && record.header.index == last() + 1;
    if (follows) note(record, segment);
  });
  segment->written = segment->used;
}

bool Journal::sync(Index* upTo) {
  Guard guard(lock_);
  const Index end = last();
  if (!segments_.empty()) writeStaged(guard);
  std::vector<int> descriptors;
  for (std::size_t i = syncedSegments_; i < segments_.size(); i++)
    descriptors.push_back(segments_[i].descriptor);
  const std::size_t count = segments_.size();
  if (!error_.empty() || count == 0) return false;
  guard.unlock();
  const int place = sys::openFile(directory_, O_RDONLY | O_DIRECTORY);
  bool good = place >= 0 && syscall(SYS_fsync, place) == 0;
  for (const int descriptor : descriptors) good = good && syscall(SYS_fdatasync, descriptor) == 0;
  const int code = errno;
  sys::close(place);
  guard.lock();
  distrusted_ = !good;
  if (!good) return fail("cannot synchronise " + directory_ + ": " + sys::errorText(code)), false;
  syncedSegments_ = count - 1;
  *upTo = end;
  return true;
}

}  // namespace gaia
