// A member's applied entries in files: ring records, one after the other, in segments that are allocated before they
// are mapped, so that a full disk is an error here and not a fault in the program.
#pragma once
#include "core/record.h"
#include "transport/sys.h"

namespace gaia {

class Journal {
 public:
  static constexpr std::size_t segmentBytes = 16u << 20;

  Journal(std::string directory, std::uint32_t member, std::uint64_t bytesMax)
      : directory_(std::move(directory)), member_(member), bytesMax_(bytesMax) {}
  ~Journal();

  // Creates the directory and the first segment; false: see error().
  bool open();
  // Turn thread. After the first failure nothing is kept any more: a journal has no holes.
  void append(const Record& record);
  // Any thread: whole records from index `from` on, at most `bytesMax` unless one alone is longer.
  void read(Index from, std::size_t bytesMax, std::vector<std::byte>* into);
  // Service thread: has the next pages and the next segment ready before the turn thread needs them.
  void prepare();

  Index last() const { return last_.load(std::memory_order_acquire); }
  std::string error() const;

 private:
  struct Segment {
    std::byte* base = nullptr;
    std::size_t used = 0;
    std::vector<std::pair<Index, std::size_t>> marks;  // an index and its offset, every few pages
  };
  bool addSegment();
  Segment create(std::string* error);
  void fail(const std::string& cause);

  std::string directory_;
  std::uint32_t member_;
  std::uint64_t bytesMax_;
  mutable sys::Lock lock_;
  std::vector<Segment> segments_;
  Segment spare_;
  bool creating_ = false;    // the service thread is making the spare
  std::uint32_t created_ = 0;
  std::size_t touched_ = 0;  // of the last segment: pages up to here are in memory
  std::atomic<Index> last_{0};
  std::string error_;
};

}  // namespace gaia
