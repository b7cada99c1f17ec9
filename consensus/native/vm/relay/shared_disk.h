// A guest's disk at one member, as a file. The primary's guest writes to the file. The backup's file is what
// the primary's was in the last round; what the backup's guest writes goes ahead of it, and is dropped when a
// round counts, as its memory is.
#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "vm/relay/page_hash.h"

namespace gaia::relay {

using Block = std::array<std::byte, pageBytes>;

// Numbers of blocks. All but resize() take as long as there are some in it, not as the disk is large.
class BlockSet {
 public:
  void resize(std::uint64_t blocks) { has_.assign(blocks, false); }
  std::uint64_t blocks() const { return has_.size(); }
  bool has(std::uint64_t block) const { return has_[block]; }
  std::uint64_t count() const { return list_.size(); }
  void add(std::uint64_t block);
  std::vector<std::uint64_t> take();  // ascending; none is left

 private:
  std::vector<bool> has_;
  std::vector<std::uint64_t> list_;
};

// Some blocks of a disk, in a file with holes for the others.
class BlockFile {
 public:
  BlockFile() = default;
  ~BlockFile();
  BlockFile(const BlockFile&) = delete;
  BlockFile& operator=(const BlockFile&) = delete;
  // `blocks`: of the disk; it has at most `most` of them. False: errno says why, as below.
  bool open(const std::string& path, std::uint64_t blocks, std::uint64_t most);
  bool has(std::uint64_t block) const { return has_.has(block); }
  bool get(std::uint64_t block, Block* out) const;
  bool hasRoom(std::uint64_t block) const { return has_.has(block) || has_.count() < most_; }
  bool put(std::uint64_t block, std::span<const std::byte> content);
  bool moveTo(int descriptor);  // all that it has, and has nothing afterwards
  bool clear();

 private:
  bool giveBack();

  int descriptor_ = -1;
  std::uint64_t most_ = 0;
  BlockSet has_;
};

// The guest's part is called by any thread, and so is the relay's.
class SharedDisk {
 public:
  static constexpr std::uint64_t bytesMax = 64ull << 30;
  // Beside the disk's file a backup has so much in each of its two others.
  static constexpr std::uint64_t asideBytesMax = 1ull << 30;

  explicit SharedDisk(std::uint64_t asideMax = asideBytesMax) : asideBlocksMax_(asideMax / pageBytes) {}
  ~SharedDisk();
  SharedDisk(const SharedDisk&) = delete;
  SharedDisk& operator=(const SharedDisk&) = delete;
  // `path` has the disk's size, a multiple of a block's; beside it PATH.ahead and PATH.round are made.
  bool open(const std::string& path, std::string* error);
  std::uint64_t bytes() const { return blocks_ * pageBytes; }
  std::uint64_t blocks() const { return blocks_; }

  // For the guest. False: errno says why.
  bool read(std::uint64_t offset, std::span<std::byte> out);
  bool write(std::uint64_t offset, std::span<const std::byte> in);
  bool flush();  // of a backup, what is ahead need not survive anything

  // Of the member whose guest is the primary's, or becomes it: what went ahead is the disk's.
  bool lead();
  // A new backup has nothing: all that is not a hole counts as written.
  bool writtenIsAll();
  // Blocks written since they were last taken, ascending. Who takes them sends what they hold then, or later.
  std::vector<std::uint64_t> takeWritten();
  // As much was written since then as one round should bring: a 16th of what a backup has room for, since the
  // guest writes on until the round begins. Waits for nobody.
  bool due() const { return writtenBlocks_ >= asideBlocksMax_ / 16; }
  bool get(std::uint64_t block, Block* out);  // as the guest has it

  // Of a backup: a block as the primary's is in the round under way. Until the first round counts nothing
  // here does.
  bool stage(std::uint64_t block, std::span<const std::byte> content);
  bool commit();   // the round counts
  bool abandon();  // it never will
  // Null: none. Else the file is neither what it was before a round counted, or the guest went on, nor what
  // it is then; or the guest's writes found no room. Nothing here can be used any more.
  const char* fault() const { return fault_; }

 private:
  bool getHere(std::uint64_t block, Block* out) const;
  bool fail(const char* fault);
  bool putAhead(std::uint64_t offset, std::span<const std::byte> in);

  std::mutex mutex_;
  int descriptor_ = -1;
  std::uint64_t blocks_ = 0;
  bool leads_ = false;
  bool counts_ = false;
  const std::uint64_t asideBlocksMax_;
  std::atomic<std::uint64_t> writtenBlocks_ = 0;
  std::atomic<const char*> fault_ = nullptr;
  BlockSet written_;
  BlockFile ahead_, round_;
};

}  // namespace gaia::relay
