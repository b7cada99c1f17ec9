#include "runtime/journal.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <iterator>

namespace gaia {
namespace {

constexpr std::size_t markBytes = 64u << 10;
constexpr std::size_t stagingBytes = 4u << 20;
constexpr std::size_t writeBytesMin = 128u << 10;  // less is written when nothing follows
constexpr std::uint64_t othersTurnNs = 50'000;
static_assert(stagingBytes >= recordBytesMax);

}  // namespace

Journal::~Journal() {
  Guard guard(lock_);
  if (!segments_.empty()) writeStaged(guard);
  for (Segment& segment : segments_) sys::close(segment.descriptor);
  sys::close(spare_.descriptor);
  remove(retired_);
  sys::unmap(staging_, stagingBytes);
}

bool Journal::makePlace() {
  if (const int error = sys::makeDirectories(directory_)) {
    fail("cannot create " + directory_ + ": " + sys::errorText(error));
    return false;
  }
  staging_ = sys::mapFar(-1, stagingBytes);
  if (staging_ == nullptr) {
    fail("no memory to stage entries in");
    return false;
  }
  madvise(staging_, stagingBytes, MADV_DONTFORK);
  return true;
}

bool Journal::open() {
  if (!makePlace()) return false;
  Guard guard(lock_);
  return addSegment(guard);
}

Journal::Segment Journal::create(std::size_t existing, std::string* error) {
  if ((existing + 1) * std::uint64_t{segmentBytes_} > bytesMax_) {
    *error = "the limit journalBytesMax = " + std::to_string(bytesMax_) + " is reached";
    return {};
  }
  const std::string path = pathOf(created_);
  Segment segment;
  if (const int code = sys::createFile(path, segmentBytes_, &segment.descriptor)) {
    *error = "cannot allocate " + std::to_string(segmentBytes_) + " bytes for " + path + ": " +
             sys::errorText(code);
    return {};
  }
  created_++;
  segment.path = path;
  return segment;
}

std::string Journal::pathOf(std::uint32_t number) const {
  return directory_ + "/" + std::to_string(member_) + "-" + std::to_string(number) + ".journal";
}

void Journal::fail(const std::string& cause) {
  error_ = "journal stopped at index " + std::to_string(last()) + ": " + cause +
           "; others cannot join by replay from this member. Make room and replace this member, or raise the "
           "limit.";
}

bool Journal::addSegment(Guard& guard) {
  std::string error;
  if (!segments_.empty()) writeStaged(guard);
  while (creating_) {
    guard.unlock();
    sys::sleepNs(othersTurnNs);
    guard.lock();
  }
  if (!error_.empty()) return false;
  Segment next = spare_.descriptor >= 0 ? std::move(spare_) : create(segments_.size(), &error);
  spare_ = {};
  if (next.descriptor < 0) {
    fail(error);
    return false;
  }
  segments_.push_back(std::move(next));
  return true;
}

void Journal::append(const Record& record) {
  Guard guard(lock_);
  if (!error_.empty()) return;
  const auto bytes = record.whole();
  if (segments_.back().used + bytes.size() > segmentBytes_ && !addSegment(guard)) return;
  while (segments_.back().used + bytes.size() - segments_.back().written > stagingBytes) {
    writeStaged(guard);
    if (!error_.empty()) return;
  }
  Segment& segment = segments_.back();
  stage(segment.used, bytes);
  note(record, &segment);
}

// The record lies at the end of the segment.
void Journal::note(const Record& record, Segment* segment) {
  if (segment->marks.empty() || segment->used - segment->marks.back().second >= markBytes) {
    segment->marks.push_back({record.header.index, segment->used});
  }
  segment->used += record.whole().size();
  lastOrigin_ = record.header.origin;
  if (first() == 0) first_.store(record.header.index, std::memory_order_release);
  last_.store(record.header.index, std::memory_order_release);
}

void Journal::stage(std::size_t offset, std::span<const std::byte> bytes) {
  const std::size_t at = offset % stagingBytes;
  const std::size_t first = std::min(bytes.size(), stagingBytes - at);
  std::memcpy(staging_ + at, bytes.data(), first);
  std::memcpy(staging_, bytes.data() + first, bytes.size() - first);
}

// The lock is free while the kernel copies; the segment stays the last one until its bytes are written.
void Journal::writeStaged(Guard& guard) {
  while (writing_) {
    guard.unlock();
    sys::sleepNs(othersTurnNs);
    guard.lock();
  }
  const std::size_t from = segments_.back().written, to = segments_.back().used;
  const int descriptor = segments_.back().descriptor;
  if (from == to || !error_.empty()) return;
  writing_ = true;
  guard.unlock();
  const int code = sys::transferAll(from, to, [&](std::size_t offset, std::size_t bytes) {
    const std::size_t at = offset % stagingBytes;
    return pwrite(descriptor, staging_ + at, std::min(bytes, stagingBytes - at), static_cast<off_t>(offset));
  });
  guard.lock();
  writing_ = false;
  if (code == 0)
    segments_.back().written = to;
  else
    fail("cannot write: " + sys::errorText(code));
}

void Journal::read(Index from, std::size_t bytesMax, std::vector<std::byte>* into) {
  // What lies before the record within its mark, and at least this one record.
  for (const std::size_t reach : {markBytes + bytesMax, markBytes + 2 * recordBytesMax}) {
    std::vector<std::byte> bytes;
    if (!load(from, reach, &bytes)) return;
    takeRecords(bytes, from, bytesMax, into);
    if (!into->empty()) return;
  }
}

// At most `reach` bytes from the mark before index `from` on.
bool Journal::load(Index from, std::size_t reach, std::vector<std::byte>* bytes) const {
  Guard guard(lock_);
  std::size_t number = segments_.size();
  while (number > 0 &&
         (segments_[number - 1].marks.empty() || segments_[number - 1].marks.front().first > from))
    number--;
  if (number == 0) return false;
  const Segment& segment = segments_[number - 1];
  auto mark = segment.marks.end() - 1;
  while (mark->first > from) --mark;
  const std::size_t begin = mark->second, end = std::min(segment.used, begin + reach);
  const std::size_t staged = std::clamp(segment.written, begin, end);
  const int descriptor = segment.descriptor;
  bytes->resize(end - begin);
  for (std::size_t offset = staged; offset < end;) {
    const std::size_t at = offset % stagingBytes;
    const std::size_t part = std::min(end - offset, stagingBytes - at);
    std::memcpy(bytes->data() + (offset - begin), staging_ + at, part);
    offset += part;
  }
  guard.unlock();  // what is written stays as it is
  return sys::transferAll(begin, staged, [&](std::size_t offset, std::size_t part) {
           return pread(descriptor, bytes->data() + (offset - begin), part, static_cast<off_t>(offset));
         }) == 0;
}

void Journal::takeRecords(std::span<const std::byte> bytes, Index from, std::size_t bytesMax,
                          std::vector<std::byte>* into) {
  while (bytes.size() >= sizeof(RecordHeader)) {
    RecordHeader header;
    std::memcpy(&header, bytes.data(), sizeof(header));
    const std::size_t length = recordBytes(header.length);
    if (length > bytes.size()) return;
    if (header.index >= from) {
      if (!into->empty() && into->size() + length > bytesMax) return;
      into->insert(into->end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length));
    }
    bytes = bytes.subspan(length);
  }
}

void Journal::dropBelow(Index needed, std::size_t spared) {
  const Guard guard(lock_);
  const std::size_t before = segments_.size();
  const auto starts = [&](std::size_t number) { return segments_[number].marks.front().first; };
  std::size_t gone = 0;
  // The last segment may have no mark yet; all others have.
  while (gone + spared + 2 < before && starts(gone + spared + 1) <= needed) gone++;
  const auto end = segments_.begin() + static_cast<std::ptrdiff_t>(gone);
  std::move(segments_.begin(), end, std::back_inserter(retired_));
  segments_.erase(segments_.begin(), end);
  if (gone != 0) first_.store(starts(0), std::memory_order_release);
}

void Journal::remove(std::vector<Segment>& segments) {
  for (Segment& segment : segments) {
    sys::close(segment.descriptor);
    sys::removeFile(segment.path);
  }
  segments.clear();
}

void Journal::restart(Index index) {
  Guard guard(lock_);
  while (writing_ || creating_) {
    guard.unlock();
    sys::sleepNs(othersTurnNs);
    guard.lock();
  }
  if (staging_ == nullptr) return;
  std::move(segments_.begin(), segments_.end(), std::back_inserter(retired_));
  segments_.clear();
  usedBefore_ = 0;
  error_.clear();
  first_.store(index + 1, std::memory_order_release);
  last_.store(index, std::memory_order_release);
  addSegment(guard);
}

std::uint64_t Journal::bytesAfter(Index index) const {
  const Guard guard(lock_);
  std::uint64_t bytes = 0;
  for (std::size_t number = segments_.size(); number-- > 0;) {
    const Segment& segment = segments_[number];
    auto mark = segment.marks.end();
    while (mark != segment.marks.begin() && (mark - 1)->first > index) --mark;
    const bool all = mark == segment.marks.begin();
    bytes += all ? segment.used : segment.used - (mark - 1)->second;
    if (!all) break;
  }
  return bytes;
}

void Journal::prepare() {
  Guard guard(lock_);
  std::vector<Segment> gone;
  if (!syncing_) gone.swap(retired_);
  guard.unlock();
  remove(gone);
  guard.lock();
  if (!error_.empty() || segments_.empty()) return;
  const std::size_t used = segments_.back().used;
  const bool quiet = used == usedBefore_;
  usedBefore_ = used;
  if (quiet || used - segments_.back().written >= writeBytesMin) writeStaged(guard);
  if (spare_.descriptor >= 0 || segments_.back().used < segmentBytes_ / 2) return;
  creating_ = true;
  const std::size_t existing = segments_.size();
  guard.unlock();
  std::string ignored;  // the turn thread meets the same error when it gets there
  Segment made = create(existing, &ignored);
  guard.lock();
  spare_ = std::move(made);
  creating_ = false;
}

std::uint64_t Journal::bytes() const {
  const std::scoped_lock guard(lock_);
  std::uint64_t sum = 0;
  for (const Segment& segment : segments_) sum += segment.used;
  return sum;
}

std::string Journal::error() const {
  const std::scoped_lock guard(lock_);
  return error_;
}

}  // namespace gaia
