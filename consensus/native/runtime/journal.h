// A member's applied entries in files: ring records, one after the other, in segments that are allocated
// before they are needed, so that a full disk is an error while there is still time. Records are staged in
// memory and written in large pieces by the service thread: through a mapping of the file each page would
// cost the turn thread's processor eight times as much.
#pragma once
#include <mutex>

#include "core/persistence.h"
#include "transport/sys.h"

namespace gaia {

class Journal {
 public:
  static constexpr std::size_t segmentBytes = 16u << 20;

  Journal(std::string directory, std::uint32_t member, std::uint64_t bytesMax, std::size_t bytesOfSegment = segmentBytes)
      : directory_(std::move(directory)), member_(member), bytesMax_(bytesMax), segmentBytes_(bytesOfSegment) {}
  ~Journal();

  // Creates the directory and the first segment; false: see error().
  bool open();
  // Instead of open(): goes on where the files of former lives end, or after `base`, whose state a snapshot holds. What comes
  // after the first damaged entry is left out, unless it is one of the first `onDisk`, which were synchronised, or
  // entries are missing behind `base`: then false, see error().
  bool recover(Index onDisk, Done base);
  // The last entry, with its origin.
  Done done() const { return {last(), lastOrigin_}; }
  // Disk thread: synchronises everything appended before the call; false: see error().
  bool sync(Index* upTo);
  // Turn thread. After the first failure nothing is kept any more: a journal has no holes.
  void append(const Record& record);
  // Service thread: whole records from index `from` on, at most `bytesMax` unless one alone is longer.
  void read(Index from, std::size_t bytesMax, std::vector<std::byte>* into);
  // Service thread: writes what is staged and has the next segment ready before the turn thread needs it.
  void prepare();
  // Service thread: gives back the segments that lie wholly below `needed`, but for the last `spared` ones.
  void dropBelow(Index needed, std::size_t spared);
  // Turn thread: the state is now that of a snapshot of entry `index`; what was kept does not lead there.
  void restart(Index index);
  std::uint64_t bytesAfter(Index index) const;

  Index first() const { return first_.load(std::memory_order_acquire); }  // 0: nothing is kept yet
  Index last() const { return last_.load(std::memory_order_acquire); }
  std::string error() const;
  bool unusable() const { return unusable_; }      // what former lives left is damaged or missing, whoever reads it again
  bool distrusted() const { return distrusted_; }  // a synchronisation has failed
  std::uint64_t bytes() const;  // of the entries that are kept

 private:
  using Guard = std::unique_lock<sys::Lock>;
  struct Segment {
    int descriptor = -1;
    std::string path;
    std::size_t used = 0;
    std::size_t written = 0;                           // to the file; from here on staged
    std::vector<std::pair<Index, std::size_t>> marks;  // an index and its offset, every few pages
    bool synced = false;                               // all of it, and nothing is added any more
  };
  bool makePlace();
  std::string pathOf(std::uint32_t number) const;
  bool addSegment(Guard& guard);
  Segment create(std::size_t existing, std::string* error);
  void stage(std::size_t offset, std::span<const std::byte> bytes);
  void writeStaged(Guard& guard);
  bool load(Index from, std::size_t reach, std::vector<std::byte>* bytes) const;
  static void takeRecords(std::span<const std::byte> bytes, Index from, std::size_t bytesMax,
                          std::vector<std::byte>* into);
  static void remove(std::vector<Segment>& segments);
  void fail(const std::string& cause);
  // journal_recovery.cc
  bool found(std::vector<std::uint32_t>* numbers);
  bool recoverSegment(std::uint32_t number, Index base);
  bool complete(Index onDisk, Index base);
  void forget(Done base);
  void walk(std::span<const std::byte> bytes, Segment* segment);
  void note(const Record& record, Segment* segment);

  std::string directory_;
  std::uint32_t member_;
  std::uint64_t bytesMax_;
  std::size_t segmentBytes_;
  mutable sys::Lock lock_;
  std::vector<Segment> segments_;
  Segment spare_;
  std::vector<Segment> retired_;  // to be removed by the service thread, which may still be reading
  bool creating_ = false;  // the service thread is making the spare
  std::uint32_t created_ = 0;
  std::byte* staging_ = nullptr;  // byte `n` of the last segment lies at `n % stagingBytes`
  bool writing_ = false;          // someone writes staged bytes without the lock
  std::size_t usedBefore_ = 0;    // of the last segment, when prepare() was called last
  Ballot lastOrigin_ = 0;
  bool unusable_ = false;
  bool unread_ = false;  // a file of former lives could not be read, this time
  bool distrusted_ = false;
  bool syncing_ = false;  // the disk thread uses descriptors without the lock
  std::atomic<Index> first_{0}, last_{0};
  std::string error_;
};

}  // namespace gaia
