// Reading back a log of former lives: what is torn is cut off, what is damaged or missing is refused.
//
// Only the write that was under way when the power failed can be torn: of each sector either all or nothing of it is
// there, and a sector of which nothing is there is zeros, as in every new segment. An unreadable end without one was
// written whole and kept, and what it said was perhaps promised to others.
#include <algorithm>
#include <cerrno>
#include <charconv>

#include "runtime/wal.h"
#include "transport/sys.h"

namespace gaia {
namespace {

constexpr const char* remedy =
    "; what this member has acknowledged may be lost: it must not start again, let a new member take its "
    "place";
constexpr std::size_t sectorBytes = 512;  // disks write at least so much whole

bool isZero(std::span<const std::byte> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte value) { return value == std::byte{0}; });
}

}  // namespace

bool Wal::read(PersistedLog* log, WalState* state) {
  std::vector<std::uint32_t> numbers;
  if (!list(&numbers)) return false;
  Content content;
  std::uint32_t last = 0;
  for (std::size_t i = numbers.size(); i-- > 0 && last == 0;) {
    if (!load(numbers[i], &content) || !judgeLast(numbers[i], content)) return false;
    if (!content.frames.empty()) last = numbers[i];  // else its life ended before the first frame was on disk
  }
  if (last == 0) return true;
  const Frame final = content.frames.back();
  next_ = firstOwn_ = last + 1;
  before_ = static_cast<std::uint32_t>(content.end);
  oldest_ = final.oldest;
  take(content, log);
  for (std::uint32_t number = last; number-- > final.oldest;) {
    const std::uint32_t endStated = content.frames.front().before;
    if (!load(number, &content)) return false;
    if (content.frames.empty() || content.end < endStated) return damaged(number, content.end);
    take(content, log);
  }
  for (const std::uint32_t old : numbers) obsolete_.push_back(old);
  log->promise = final.promise;
  log->ringEnd = final.ringEnd;
  *state = {final.promise, final.ringEnd, final.journal};
  return true;
}

// One frame without records. Its checksum tells nothing here: that needs the seed, which the signature has.
bool Wal::isUntold() {
  std::vector<std::uint32_t> numbers;
  if (!list(&numbers)) return false;
  if (numbers.empty()) return true;
  Content content;
  if (!load(numbers.back(), &content)) return false;
  const std::span<const std::byte> bytes = content.bytes;
  if (numbers.back() == 1 && isZero(bytes.subspan(std::min(sizeof(Frame), bytes.size())))) return true;
  error_ = path(numbers.back()) + " is of a member whose signature is missing in its directory" + remedy;
  return false;
}

bool Wal::list(std::vector<std::uint32_t>* numbers) {
  std::vector<std::string> names;
  if (const int code = files_.list(options_.directory, &names)) {
    error_ = "cannot read " + options_.directory + ": " + sys::errorText(code);
    return false;
  }
  const std::string prefix = std::to_string(options_.member) + "-", suffix = ".wal";
  for (const std::string& name : names) {
    std::uint32_t number = 0;
    if (!name.starts_with(prefix) || !name.ends_with(suffix)) continue;
    const auto [end, bad] = std::from_chars(name.data() + prefix.size(), name.data() + name.size(), number);
    if (bad == std::errc() && end == name.data() + name.size() - suffix.size()) numbers->push_back(number);
  }
  std::sort(numbers->begin(), numbers->end());
  return true;
}

bool Wal::load(std::uint32_t number, Content* content) {
  *content = {};
  std::unique_ptr<File> file;
  int code = files_.open(path(number), &file);
  if (code == 0) {
    content->bytes.resize(file->bytes());
    code = file->read(0, content->bytes);
  }
  if (code != 0) {
    if (code == ENOENT) return refuse(path(number) + " is missing in its sequence");
    error_ = path(number) + " cannot be read: " + sys::errorText(code) + remedy;
    return false;
  }
  while (const Frame* frame = parse(content->bytes, number, content->end)) {
    content->frames.push_back(*frame);
    content->end += sizeof(Frame) + frame->length;
  }
  return true;
}

const Wal::Frame* Wal::parse(std::span<const std::byte> bytes, std::uint32_t number,
                             std::size_t offset) const {
  if (offset + sizeof(Frame) > bytes.size()) return nullptr;
  const auto* frame = reinterpret_cast<const Frame*>(bytes.data() + offset);  // offsets are multiples of 64
  if (frame->position != positionOf(number, offset)) return nullptr;
  if (frame->length > bytes.size() - offset - sizeof(Frame) || frame->length % sizeof(Frame) != 0)
    return nullptr;
  return frame->crc == checksum(*frame, bytes.subspan(offset + sizeof(Frame), frame->length)) ? frame
                                                                                              : nullptr;
}

// After the end of the last segment nothing valid may follow.
bool Wal::judgeLast(std::uint32_t number, const Content& content) {
  if (!tornAt(content.bytes, number, content.end)) return damaged(number, content.end);
  for (std::size_t at = content.end + sizeof(Frame); at + sizeof(Frame) <= content.bytes.size();
       at += sizeof(Frame)) {
    if (parse(content.bytes, number, at) != nullptr) return damaged(number, content.end);
  }
  return true;
}

// Whether what follows the last whole frame was never written, or not to its end. A damaged frame of which a sector
// holds nothing but a client's zeros passes for torn: that cannot be told.
bool Wal::tornAt(std::span<const std::byte> bytes, std::uint32_t number, std::size_t offset) const {
  if (offset + sizeof(Frame) > bytes.size() || isZero(bytes.subspan(offset, sizeof(Frame)))) return true;
  const auto* frame = reinterpret_cast<const Frame*>(bytes.data() + offset);
  const std::size_t end = offset + sizeof(Frame) + frame->length;
  if (frame->position != positionOf(number, offset) || frame->headCrc != headChecksum(*frame) || end > bytes.size())
    return false;
  for (std::size_t at = offset, next = 0; at < end; at = next) {
    next = std::min(end, (at / sectorBytes + 1) * sectorBytes);
    if (isZero(bytes.subspan(at, next - at))) return true;
  }
  return false;
}

bool Wal::damaged(std::uint32_t number, std::size_t offset) {
  return refuse(path(number) + " is damaged at offset " + std::to_string(offset));
}

bool Wal::refuse(const std::string& cause) {
  unusable_ = true;
  error_ = cause + remedy;
  return false;
}

void Wal::take(const Content& content, PersistedLog* log) {
  std::size_t at = 0;
  for (const Frame& frame : content.frames) {
    const auto records = std::span(content.bytes).subspan(at + sizeof(Frame), frame.length);
    log->records.insert(log->records.end(), records.begin(), records.end());
    at += sizeof(Frame) + frame.length;
  }
}

}  // namespace gaia
