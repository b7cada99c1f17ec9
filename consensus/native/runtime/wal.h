// The write-ahead log of a member with durability `disk` (D1): what it must remember of rings and claims, in
// segment files of one directory. Every frame states all but the records anew, and a frame is written only
// after everything before it has been synchronised. So a frame that cannot be read is a torn end when nothing
// valid follows it and a part of it is missing, else it is damage.
#pragma once
#include <deque>
#include <optional>

#include "core/persistence.h"
#include "runtime/files.h"

namespace gaia {

// What each frame says besides its records.
struct WalState {
  Ballot promise = 0;
  Position ringEnd = 0;  // of the own ring
  Index journal = 0;     // the journal is on disk up to here: older records may be dropped
};

struct WalOptions {
  std::string directory;
  std::uint32_t member = 0;
  std::uint64_t seed = 0;  // of the directory, random: bytes of a client cannot pass for a frame
  std::size_t segmentBytes = 16u << 20;
  std::size_t segmentsMax = 64;
};

class Wal {
 public:
  enum class Outcome : std::uint8_t {
    kept,
    noRoom,  // nothing of it counts; the same append may be tried again
    failed,  // nothing more can be trusted to this log
  };

  Wal(Files& files, WalOptions options) : files_(files), options_(std::move(options)) {}

  // Reads what former lives left and changes nothing. False: error() says which file is damaged or missing.
  bool read(PersistedLog* log, WalState* state);
  // For a directory that nobody has signed: whether it holds no more than a start writes before that, of which nobody
  // has heard. False: error() says what there is.
  bool isUntold();
  // Writes and synchronises one frame. The first one of a life begins a segment.
  Outcome append(std::span<const std::byte> records, const WalState& state);
  // What former lives left has been appended again: from the next frame on it is not needed.
  void dropFormerLives() { oldest_ = firstOwn_; }
  bool empty() const { return next_ == 1; }

  // Of the records in the newest segment.
  Index highest() const { return segments_.empty() ? 0 : segments_.back().highest; }
  std::size_t segments() const { return segments_.size(); }
  const std::string& error() const { return error_; }
  bool unusable() const { return unusable_; }  // what former lives left is damaged or missing, whoever reads it again

 private:
  struct Frame {
    Position position = 0;  // number of the segment << 32 | offset in it: stale bytes cannot pass
    Ballot promise = 0;
    Position ringEnd = 0;
    Index journal = 0;
    std::uint32_t oldest = 0;  // the first segment that is still needed
    std::uint32_t before = 0;  // where the segment before this one ends
    std::uint32_t length = 0;  // of the records that follow
    std::uint32_t crc = 0;      // of this and the records
    std::uint32_t headCrc = 0;  // of what is above but `crc`: which sectors there should be is known when some are missing
    std::uint32_t zero[3] = {};
  };
  static_assert(sizeof(Frame) == 64);
  struct Segment {
    std::uint32_t number = 0;
    std::unique_ptr<File> file;
    std::size_t used = 0;
    Index highest = 0;  // of its records
  };
  struct Content {
    std::vector<std::byte> bytes;
    std::vector<Frame> frames;
    std::size_t end = 0;  // of the last whole frame
  };
  static Position positionOf(std::uint32_t number, std::size_t offset) {
    return Position{number} << 32 | offset;
  }

  // wal_recovery.cc
  bool list(std::vector<std::uint32_t>* numbers);
  bool load(std::uint32_t number, Content* content);
  bool judgeLast(std::uint32_t number, const Content& content);
  bool tornAt(std::span<const std::byte> bytes, std::uint32_t number, std::size_t offset) const;
  bool damaged(std::uint32_t number, std::size_t offset);
  bool refuse(const std::string& cause);
  static void take(const Content& content, PersistedLog* log);
  const Frame* parse(std::span<const std::byte> bytes, std::uint32_t number, std::size_t offset) const;

  Outcome begin();
  Outcome write(Segment& segment, std::span<const std::byte> records, const WalState& state);
  Outcome fault(Outcome outcome, const std::string& what, std::uint32_t number, int code);
  void seekOldest(Index journal);
  void removeObsolete();
  std::string path(std::uint32_t number) const;
  std::uint32_t headChecksum(Frame frame) const;
  std::uint32_t checksum(Frame frame, std::span<const std::byte> records) const;

  Files& files_;
  WalOptions options_;
  std::deque<Segment> segments_;        // of this life; the last one is written to
  std::deque<std::uint32_t> obsolete_;  // files before segments_, to be removed when a frame says so
  std::uint32_t oldest_ = 1;
  std::uint32_t firstOwn_ = 1;
  std::uint32_t next_ = 1;
  std::uint32_t before_ = 0;
  bool unusable_ = false;
  std::vector<std::byte> buffer_;
  std::string error_;
};

}  // namespace gaia
