// The output guard: a frame of the primary's guest leaves only when a crash of the primary can no more
// contradict it: once a round has made the backup's guest the same as the primary's after it, or the backup's
// guest has said as much: the same up to the frame's end, and has what the frame acknowledges. Pure.
#pragma once
#include <deque>
#include <map>
#include <set>

#include "vm/output_speech.h"

namespace gaia::vm {

class OutputGuard {
 public:
  static constexpr std::size_t heldBytesMax = 8u << 20;
  static constexpr std::size_t digestsMax = 16'384;  // of frames that the primary has not put out yet

  enum class Want : std::uint8_t { nothing, mismatch, full, idle, waiting };  // why a round is needed

  // How long output may wait for a round: while nobody says anything, and at all. A bare acknowledgement of
  // TCP is no answer: its client may be waiting for that, which is still to come.
  struct Patience {
    std::uint64_t idleNs = 50'000'000, answerNs = 40'000'000, acknowledgementNs = 100'000'000;
  };

  static const char* nameOf(Want want);  // null: nothing

  explicit OutputGuard(const HashKey& key) : speech_(key) {}

  // Without a backup (`closed` false) nothing is held, and what was is released.
  void close(bool closed, const std::function<void(View)>& release);
  // A frame of the primary's guest; released at once, or later, in the order of its flow.
  void put(View frame, std::uint64_t nowNs, const std::function<void(View)>& release);
  // A frame of the backup's guest in the time after round `round`; of a former time it says nothing. The
  // backup may hear of a round's end before the primary does: what it says then waits.
  void compare(std::uint64_t round, const OutputDigest& digest, const std::function<void(View)>& release);
  // The guest stands still: round `round` will cover every frame put so far, which waits for that. What is
  // put from now on is of the time after it.
  void seal(std::uint64_t round);
  // Round `round` has committed.
  void committed(std::uint64_t round, const std::function<void(View)>& release);

  bool full() const { return heldBytes_ >= heldBytesMax; }  // the guest has to wait
  void eachHeld(const std::function<void(View)>& take) const;
  // `spokenNs`: when a guest has heard or said something last. Output that is still held long after that
  // waits for nothing that would come by itself, and a guest that rests has the least to copy.
  Want want(std::uint64_t nowNs, std::uint64_t spokenNs, const Patience& patience) const;
  std::uint64_t round() const { return round_; }
  std::size_t heldBytes() const { return heldBytes_; }
  std::uint64_t equalFrames() const { return equalFrames_; }
  std::uint64_t equalAnswers() const { return equalAnswers_; }
  std::uint64_t mismatches() const { return mismatches_; }
  std::size_t heldFrames() const { return held_.size(); }  // that no round is to cover yet
  std::size_t heldAnswers() const { return answers_.size(); }

 private:
  struct Frame {
    std::uint64_t sinceNs;
    Bytes bytes;
  };
  struct Held {
    std::uint64_t order;  // in held_
    OutputDigest said;
  };
  struct Said {
    std::uint64_t place;
    Hash hash;
  };
  struct Lane {
    std::deque<Held> ours;
    std::deque<Said> others;    // beyond what is the same
    std::uint64_t same = 0;     // both guests have said the same up to this place
    bool acknowledges = false;  // the backup's guest has acknowledged, up to
    std::uint32_t acknowledged = 0;
    bool differs = false;  // until the next round nothing of this flow is compared
  };
  void hear(Lane& lane, const OutputDigest& digest);
  void compareHeard(Lane& lane);
  bool mayLeave(const Lane& lane, const OutputDigest& said) const;
  void match(Lane& lane, const std::function<void(View)>& release);
  bool waitedFor(std::uint64_t nowNs, const Patience& patience) const;
  void settle(Lane& lane);
  void differ();
  void compareEarly(const std::function<void(View)>& release);
  void releaseSealed(const std::function<void(View)>& release);
  void beginTime();

  OutputSpeech speech_;
  bool closed_ = false;
  std::uint64_t round_ = 0;
  std::uint64_t sealedBy_ = 0;  // the round that began this time; later than `round_`: it has not committed
  std::vector<Bytes> sealed_;   // that round will cover them
  std::map<std::uint64_t, Frame> held_;  // by order: what was put since
  std::set<std::uint64_t> answers_;      // of those: no bare acknowledgements
  std::size_t heldBytes_ = 0;            // of both
  std::uint64_t nextOrder_ = 0;
  std::map<Flow, Lane> lanes_;
  std::size_t digests_ = 0;
  std::deque<std::pair<std::uint64_t, OutputDigest>> early_;  // by round
  bool differs_ = false;                                      // in any lane
  std::uint64_t equalFrames_ = 0, equalAnswers_ = 0, mismatches_ = 0;
};

// Frames that a backup sends when it becomes primary, since nobody may have heard them: the newest ones of
// its own guest since the last round, and those that the primary held in that round. The primary says these
// when it hears of the round's end, which it may not live to do, and the backup's guest takes them for said;
// it would repeat them after some 200 ms or more. Receivers of TCP know repetitions.
class RetainedOutput {
 public:
  static constexpr std::size_t bytesMax = 1u << 20;
  void put(View frame) { own_.put(frame); }
  // Of the primary, in the middle of the round; it may come when the round has ended.
  void hold(std::uint64_t round, View frame);
  void committed(std::uint64_t round);
  void clear() { own_ = of_ = Tail(); }
  void releaseAll(const std::function<void(View)>& release);

 private:
  struct Tail {
    std::deque<Bytes> frames;
    std::size_t bytes = 0;
    void put(View frame);
  };
  Tail own_;  // since the round, with what the primary held in it
  Tail of_;   // of the round that is under way
  std::uint64_t round_ = 0, roundOf_ = 0;
};

}  // namespace gaia::vm
