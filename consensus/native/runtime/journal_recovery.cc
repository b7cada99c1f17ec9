// A journal that outlives its member's process (durability `disk`).
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "runtime/journal.h"

namespace gaia {
namespace {

Index firstIndexIn(std::span<const std::byte> bytes) {
  Index first = 0;
  eachRecord(bytes.first(std::min(bytes.size(), 2 * recordBytesMax)), [&](const Record& record) {
    if (first == 0) first = record.header.index;
  });
  return first;
}

}  // namespace

bool Journal::recover(Index onDisk, Done base) {
  std::vector<std::uint32_t> numbers;
  if (!makePlace() || !found(&numbers)) return false;
  std::size_t used = 0;
  while (used < numbers.size() && recoverSegment(numbers[used], base.applied)) used++;
  created_ = used == 0 ? 0 : numbers[used - 1] + 1;
  if (!complete(onDisk, base.applied)) return false;
  // What follows a torn end was never counted on: these entries are still in the log, or with others.
  for (std::size_t i = used; i < numbers.size(); i++) unlink(pathOf(numbers[i]).c_str());
  if (last() < base.applied) forget(base);
  Guard guard(lock_);
  return !segments_.empty() || addSegment(guard);
}

bool Journal::complete(Index onDisk, Index base) {
  const std::string last = segments_.empty() ? pathOf(0) : segments_.back().path;
  if (first() > base + 1) {
    fail(segments_.front().path + " begins with entry " + std::to_string(first()) + ", and no snapshot in " +
         directory_ + " holds what comes before");
  } else if (std::max(this->last(), base) < onDisk) {
    fail(segments_.empty() ? last + " is missing"
                           : last + " is damaged at offset " + std::to_string(segments_.back().used) +
                                 ", or the file after it is missing");
  }
  unusable_ = !error_.empty() && !unread_;
  return error_.empty();
}

// What was kept does not lead beyond `base`: its files go, and the journal begins there.
void Journal::forget(Done base) {
  remove(segments_);
  first_ = base.applied == 0 ? 0 : base.applied + 1;
  last_ = base.applied;
  lastOrigin_ = base.origin;
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

// Takes the file if it goes on with the next entry, or is the first, or if all that is missing before it lies
// in the snapshot of `base`: files go one by one when they are given back, and a member that has restored a
// snapshot has left a gap.
bool Journal::recoverSegment(std::uint32_t number, Index base) {
  Segment segment;
  segment.path = pathOf(number);
  segment.descriptor = sys::openFile(segment.path, O_RDWR);
  std::vector<std::byte> bytes(segmentBytes_);
  const bool readable = segment.descriptor >= 0 &&
                        sys::transferAll(0, bytes.size(), [&](std::size_t at, std::size_t part) {
                          return pread(segment.descriptor, bytes.data() + at, part, static_cast<off_t>(at));
                        }) == 0;
  unread_ = unread_ || !readable;
  const Index begin = readable ? firstIndexIn(bytes) : 0;
  const bool follows = segments_.empty() || begin == last() + 1;
  if (!follows && (begin == 0 || begin > base + 1)) {
    sys::close(segment.descriptor);
    return false;
  }
  if (!follows) forget({});
  if (begin != 0) walk(bytes, &segment);
  segments_.push_back(std::move(segment));
  return true;
}

void Journal::walk(std::span<const std::byte> bytes, Segment* segment) {
  bool follows = true;
  eachRecord(bytes, [&](const Record& record) {
    follows = follows && (first() == 0 || record.header.index == last() + 1);
    if (follows) note(record, segment);
  });
  segment->written = segment->used;
}

bool Journal::sync(Index* upTo) {
  Guard guard(lock_);
  const Index end = last();
  if (!segments_.empty()) writeStaged(guard);
  if (!error_.empty() || segments_.empty()) return false;
  std::vector<int> descriptors;
  for (const Segment& segment : segments_) {
    if (!segment.synced) descriptors.push_back(segment.descriptor);
  }
  syncing_ = true;
  guard.unlock();
  const int place = sys::openFile(directory_, O_RDONLY | O_DIRECTORY);
  bool good = place >= 0 && syscall(SYS_fsync, place) == 0;
  for (const int descriptor : descriptors) good = good && syscall(SYS_fdatasync, descriptor) == 0;
  const int code = errno;
  sys::close(place);
  guard.lock();
  syncing_ = false;
  distrusted_ = distrusted_ || !good;
  if (!good) return fail("cannot synchronise " + directory_ + ": " + sys::errorText(code)), false;
  descriptors.pop_back();  // more comes into the last one
  for (Segment& segment : segments_) {
    const auto known = std::find(descriptors.begin(), descriptors.end(), segment.descriptor);
    segment.synced = segment.synced || known != descriptors.end();
  }
  *upTo = end;
  return true;
}

}  // namespace gaia
