#include "runtime/journal.h"

#include <sys/mman.h>

#include <mutex>

namespace gaia {
namespace {

constexpr std::size_t markBytes = 64u << 10;
constexpr std::size_t touchBytes = 512u << 10;

}  // namespace

Journal::~Journal() {
  for (Segment& segment : segments_) sys::unmap(segment.base, segmentBytes);
  sys::unmap(spare_.base, segmentBytes);
}

bool Journal::open() {
  if (const int error = sys::makeDirectories(directory_)) {
    fail("cannot create " + directory_ + ": " + sys::errorText(error));
    return false;
  }
  return addSegment();
}

Journal::Segment Journal::create(std::string* error) {
  if ((created_ + 1) * std::uint64_t{segmentBytes} > bytesMax_) {
    *error = "the limit journalBytesMax = " + std::to_string(bytesMax_) + " is reached";
    return {};
  }
  const std::string path = directory_ + "/" + std::to_string(member_) + "-" + std::to_string(created_) + ".journal";
  int descriptor = -1;
  if (const int code = sys::createFile(path, segmentBytes, &descriptor)) {
    *error = "cannot allocate " + std::to_string(segmentBytes) + " bytes for " + path + ": " + sys::errorText(code);
    return {};
  }
  Segment segment;
  segment.base = sys::mapFar(descriptor, segmentBytes);
  sys::close(descriptor);
  if (segment.base == nullptr) *error = "cannot map " + path;
  created_++;
  return segment;
}

void Journal::fail(const std::string& cause) {
  error_ = "journal stopped at index " + std::to_string(last()) + ": " + cause +
           "; others cannot join by replay from this member. Make room and replace this member, or raise the limit.";
}

bool Journal::addSegment() {
  std::string error;
  while (creating_) {
    lock_.unlock();
    sys::sleepNs(50'000);
    lock_.lock();
  }
  Segment next = spare_.base != nullptr ? std::move(spare_) : create(&error);
  spare_ = {};
  if (next.base == nullptr) {
    fail(error);
    return false;
  }
  segments_.push_back(std::move(next));
  touched_ = 0;
  return true;
}

void Journal::append(const Record& record) {
  const std::scoped_lock guard(lock_);
  if (!error_.empty()) return;
  const auto bytes = record.whole();
  if (segments_.back().used + bytes.size() > segmentBytes && !addSegment()) return;
  Segment& segment = segments_.back();
  if (segment.marks.empty() || segment.used - segment.marks.back().second >= markBytes) {
    segment.marks.push_back({record.header.index, segment.used});
  }
  std::memcpy(segment.base + segment.used, bytes.data(), bytes.size());
  segment.used += bytes.size();
  last_.store(record.header.index, std::memory_order_release);
}

void Journal::read(Index from, std::size_t bytesMax, std::vector<std::byte>* into) {
  std::unique_lock guard(lock_);
  std::size_t number = segments_.size();
  while (number > 0 && (segments_[number - 1].marks.empty() || segments_[number - 1].marks.front().first > from)) number--;
  if (number == 0) return;
  const Segment& segment = segments_[number - 1];
  auto mark = segment.marks.end() - 1;
  while (mark->first > from) --mark;
  std::size_t offset = mark->second;
  const std::size_t used = segment.used;
  const std::byte* base = segment.base;
  guard.unlock();  // what is written stays as it is
  while (offset < used) {
    RecordHeader header;
    std::memcpy(&header, base + offset, sizeof(header));
    const std::size_t length = recordBytes(header.length);
    if (header.index >= from) {
      if (!into->empty() && into->size() + length > bytesMax) return;
      into->insert(into->end(), base + offset, base + offset + length);
    }
    offset += length;
  }
}

void Journal::prepare() {
  std::unique_lock guard(lock_);
  if (!error_.empty() || segments_.empty()) return;
  Segment& segment = segments_.back();
  if (touched_ < segmentBytes && segment.used + touchBytes / 2 > touched_) {
#ifdef MADV_POPULATE_WRITE
    std::byte* pages = segment.base + touched_;
    const std::size_t length = std::min(touchBytes, segmentBytes - touched_);
    guard.unlock();
    madvise(pages, length, MADV_POPULATE_WRITE);
    guard.lock();
#endif
    touched_ += touchBytes;
  }
  if (spare_.base != nullptr || segments_.back().used < segmentBytes / 2) return;
  creating_ = true;
  guard.unlock();
  std::string ignored;  // the turn thread meets the same error when it gets there
  Segment made = create(&ignored);
  guard.lock();
  spare_ = std::move(made);
  creating_ = false;
}

std::string Journal::error() const {
  const std::scoped_lock guard(lock_);
  return error_;
}

}  // namespace gaia
