#include "vm/relay/shared_disk.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "transport/sys.h"

namespace gaia::relay {
namespace {

bool readWhole(int descriptor, std::uint64_t offset, std::span<std::byte> out) {
  while (!out.empty()) {
    const auto count = pread(descriptor, out.data(), out.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count == 0) errno = EIO;  // somebody has cut the file
    if (count <= 0) return false;
    offset += static_cast<std::uint64_t>(count);
    out = out.subspan(static_cast<std::size_t>(count));
  }
  return true;
}

bool writeWhole(int descriptor, std::uint64_t offset, std::span<const std::byte> in) {
  while (!in.empty()) {
    const auto count = pwrite(descriptor, in.data(), in.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    offset += static_cast<std::uint64_t>(count);
    in = in.subspan(static_cast<std::size_t>(count));
  }
  return true;
}

constexpr const char* unwritable =
    "the guest's disk could not be written when a round counted; is the host's full?";
constexpr const char* noRoom =
    "the backup's guest has written more to its disk since the last round than is kept; its successor begins "
    "with a whole copy";

}  // namespace

void BlockSet::add(std::uint64_t block) {
  if (!has_[block]) list_.push_back(block);
  has_[block] = true;
}

std::vector<std::uint64_t> BlockSet::take() {
  for (const auto block : list_) has_[block] = false;
  std::ranges::sort(list_);
  return std::exchange(list_, {});
}

BlockFile::~BlockFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

bool BlockFile::open(const std::string& path, std::uint64_t blocks, std::uint64_t most) {
  most_ = most;
  descriptor_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  has_.resize(blocks);
  return descriptor_ >= 0 && ftruncate(descriptor_, static_cast<off_t>(blocks * pageBytes)) == 0;
}

bool BlockFile::get(std::uint64_t block, Block* out) const {
  return readWhole(descriptor_, block * pageBytes, *out);
}

bool BlockFile::put(std::uint64_t block, std::span<const std::byte> content) {
  if (!hasRoom(block)) {
    errno = EIO;  // what asks its owner to make room would stop the guest
    return false;
  }
  if (!writeWhole(descriptor_, block * pageBytes, content)) return false;
  has_.add(block);
  return true;
}

bool BlockFile::moveTo(int descriptor) {
  Block content;
  const auto blocks = has_.take();
  for (const auto block : blocks)
    if (!get(block, &content) || !writeWhole(descriptor, block * pageBytes, content)) return false;
  return blocks.empty() || giveBack();
}

bool BlockFile::clear() { return has_.take().empty() || giveBack(); }

// The blocks, to the file system.
bool BlockFile::giveBack() {
  return ftruncate(descriptor_, 0) == 0 &&
         ftruncate(descriptor_, static_cast<off_t>(has_.blocks() * pageBytes)) == 0;
}

SharedDisk::~SharedDisk() {
  if (descriptor_ >= 0) close(descriptor_);
}

bool SharedDisk::open(const std::string& path, std::string* error) {
  descriptor_ = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  struct stat file {};
  const bool there = descriptor_ >= 0 && fstat(descriptor_, &file) == 0;
  const auto size = static_cast<std::uint64_t>(file.st_size);
  blocks_ = size / pageBytes;
  written_.resize(blocks_);
  if (there && (size == 0 || size % pageBytes != 0 || size > bytesMax)) {
    *error = "the disk " + path + " has " + std::to_string(size) +
             " bytes; it must have a multiple of 4096, at most 64 GiB";
    return false;
  }
  if (there && ahead_.open(path + ".ahead", blocks_, asideBlocksMax_) &&
      round_.open(path + ".round", blocks_, asideBlocksMax_))
    return true;
  *error = "cannot use the disk " + path + ": " + sys::errorText(errno);
  return false;
}

bool SharedDisk::read(std::uint64_t offset, std::span<std::byte> out) {
  const std::scoped_lock lock(mutex_);
  if (leads_) return readWhole(descriptor_, offset, out);
  while (!out.empty()) {
    Block content;
    const std::size_t skipped = offset % pageBytes;
    const std::size_t count = std::min(out.size(), pageBytes - skipped);
    if (!getHere(offset / pageBytes, &content)) return false;
    std::copy_n(content.begin() + static_cast<std::ptrdiff_t>(skipped), count, out.begin());
    offset += count;
    out = out.subspan(count);
  }
  return true;
}

bool SharedDisk::write(std::uint64_t offset, std::span<const std::byte> in) {
  const std::scoped_lock lock(mutex_);
  if (in.empty()) return true;
  if (!leads_) return putAhead(offset, in);
  const auto last = (offset + in.size() - 1) / pageBytes;
  for (auto block = offset / pageBytes; block <= last; block++) written_.add(block);
  writtenBlocks_ = written_.count();
  return writeWhole(descriptor_, offset, in);
}

// Without the lock: what is asked for meanwhile does not wait for the disk.
bool SharedDisk::flush() {
  const bool counts = [this] {
    const std::scoped_lock lock(mutex_);
    return leads_;
  }();
  return !counts || fdatasync(descriptor_) == 0;
}

bool SharedDisk::putAhead(std::uint64_t offset, std::span<const std::byte> in) {
  while (!in.empty()) {
    Block content;
    const std::size_t skipped = offset % pageBytes;
    const std::size_t count = std::min(in.size(), pageBytes - skipped);
    if (count < pageBytes && !getHere(offset / pageBytes, &content)) return false;
    std::copy_n(in.begin(), count, content.begin() + static_cast<std::ptrdiff_t>(skipped));
    if (!ahead_.hasRoom(offset / pageBytes)) return fail(noRoom);
    if (!ahead_.put(offset / pageBytes, content)) return false;
    offset += count;
    in = in.subspan(count);
  }
  return true;
}

bool SharedDisk::lead() {
  const std::scoped_lock lock(mutex_);
  if (leads_) return true;
  leads_ = true;
  return ahead_.moveTo(descriptor_) || fail(unwritable);
}

bool SharedDisk::writtenIsAll() {
  const std::scoped_lock lock(mutex_);
  const auto end = static_cast<off_t>(bytes());
  for (off_t at = 0; at < end;) {
    const off_t data = lseek(descriptor_, at, SEEK_DATA);
    if (data < 0) return errno == ENXIO;  // the rest is a hole
    at = lseek(descriptor_, data, SEEK_HOLE);
    if (at < 0) return false;
    for (off_t block = data / static_cast<off_t>(pageBytes); block * static_cast<off_t>(pageBytes) < at;
         block++)
      written_.add(static_cast<std::uint64_t>(block));
  }
  return true;
}

std::vector<std::uint64_t> SharedDisk::takeWritten() {
  const std::scoped_lock lock(mutex_);
  writtenBlocks_ = 0;
  return written_.take();
}

bool SharedDisk::get(std::uint64_t block, Block* out) {
  const std::scoped_lock lock(mutex_);
  return getHere(block, out);
}

bool SharedDisk::getHere(std::uint64_t block, Block* out) const {
  return ahead_.has(block) ? ahead_.get(block, out) : readWhole(descriptor_, block * pageBytes, *out);
}

bool SharedDisk::stage(std::uint64_t block, std::span<const std::byte> content) {
  const std::scoped_lock lock(mutex_);
  return counts_ ? round_.put(block, content) : writeWhole(descriptor_, block * pageBytes, content);
}

bool SharedDisk::commit() {
  const std::scoped_lock lock(mutex_);
  counts_ = true;
  return (ahead_.clear() && round_.moveTo(descriptor_)) || fail(unwritable);
}

bool SharedDisk::fail(const char* fault) {
  fault_ = fault;
  errno = EIO;
  return false;
}

bool SharedDisk::abandon() {
  const std::scoped_lock lock(mutex_);
  return round_.clear();
}

}  // namespace gaia::relay
