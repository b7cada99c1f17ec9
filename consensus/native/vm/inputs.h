// Frames that this member's clients have sent to the guest, from the station until the log has them. They
// stay here meanwhile: when leadership changes they are sent again, and the log's sequence numbers tell what
// it already had. Of bare acknowledgements that follow each other in a flow, and were not sent yet, the last
// says all: a guest whose output leaves in a bunch would be told of each of its segments.
#pragma once
#include <deque>
#include <map>

#include "vm/entry.h"

namespace gaia::vm {

class UnconfirmedInputs {
 public:
  static constexpr std::size_t bytesMax = 8u << 20;
  static constexpr std::size_t batchBytesMax = 256u << 10;

  UnconfirmedInputs(std::uint8_t slot, std::uint32_t member) : slot_(slot), member_(member) {}

  bool add(View frame);  // false: too much waits, the frame is lost as on a congested wire
  // The next entry for the leader; empty: none waits to be sent.
  Bytes takeBatch();
  void confirmed(Sequence last);   // the log has all up to it
  void sendAgain() { sent_ = 0; }  // all that the log does not have yet
  // The leader's term, and the epoch of the roles in its log. With each new one all is sent again: a former
  // leader may have lost it, and one that was just elected refuses what it hears before it knows; who has
  // named a primary leads.
  void ledIn(std::uint64_t term, std::uint64_t epoch);
  bool empty() const { return frames_.empty(); }
  Sequence oldest() const { return first_; }  // of the first that is not confirmed
  std::uint64_t lost() const { return lost_; }

 private:
  bool replacesAcknowledgement(View frame);
  std::uint8_t slot_;
  std::uint32_t member_;
  std::deque<Bytes> frames_;
  std::size_t bytes_ = 0;
  Sequence first_ = 1;                         // of frames_.front()
  std::size_t sent_ = 0;                       // how many of frames_ the leader has been told
  Sequence neverSent_ = 1;                     // from this one on
  std::map<Flow, Sequence> acknowledgements_;  // bare ones that were the last of their flows
  std::uint64_t lost_ = 0;
  std::uint64_t term_ = 0, epoch_ = 0;
};

}  // namespace gaia::vm
