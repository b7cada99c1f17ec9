// Reads one peer's rings for a candidate (C2), step by step, through whatever executes the reads.
#pragma once
#include "core/adoption.h"

namespace gaia {

class PeerScan {
 public:
  struct Read {
    std::size_t offset = 0;
    std::size_t length = 0;
  };
  enum class State : std::uint8_t { head, ring, verify, done, failed, unpersisted };

  // Entries up to `floor` are of no interest: the candidate has applied them. `durable`: nothing is read before the
  // peer has this promise on its disk (C1 with D1); 0 with memory durability. `region`: the candidate's own, laid out like
  // the peer's; its rings mirror the same writers' bytes, so its cursors are places in the peer's rings, too.
  PeerScan(const Region& region, Index floor, Ballot durable) : region_(region), floor_(floor), durable_(durable) {}

  Read first() const { return {controlOffset, sizeof(Head)}; }
  Read again() {
    state_ = State::head;
    return first();
  }
  // Takes the answer to the last read; the next one, or nothing when the scan is over (done or failed).
  std::optional<Read> feed(std::span<const std::byte> bytes);

  State state() const { return state_; }
  const Control& control() const { return head_.control; }
  std::vector<Found>& found() { return found_; }
  const std::vector<Found>& found() const { return found_; }

 private:
  std::optional<Read> begin(std::span<const std::byte> bytes);
  std::optional<Read> ring(std::span<const std::byte> bytes);
  std::optional<Read> verify(std::span<const std::byte> bytes);
  std::optional<Read> nextRing();
  Read chunk() const;
  std::size_t room() const { return region_.ringBytes(slot_) - position_ % region_.ringBytes(slot_); }  // left in the lap
  void take(const Record& record);
  void closeRing();
  Position begins() const;

  const Region& region_;
  Index floor_;
  Ballot durable_;
  State state_ = State::head;
  Head head_;
  int rounds_ = 0;
  std::size_t slot_ = 0;
  Position position_ = 0;
  Position required_ = 0;              // reading the ring must not begin later; before it lies what the peer has applied
  std::size_t scanned_ = 0;
  std::size_t want_ = 0;
  std::size_t ringFirst_ = 0;          // found_[ringFirst_...] are of the current ring
  std::map<Ballot, Index> statements_;  // of the current ring
  std::vector<Found> found_;
};

}  // namespace gaia
