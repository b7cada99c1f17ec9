// What the core remembers about one other member.
#pragma once
#include "core/channel.h"
#include "core/digest.h"
#include "core/fifo.h"
#include "core/scan.h"

namespace gaia {

struct PendingRead {
  enum class Kind : std::uint8_t { control, scan, directory, cursor, output } kind = Kind::control;
  Ballot ballot = 0;    // of this member when it posted the read
  Position upTo = 0;    // everything mirrored before this read (W2)
};

struct Peer {
  Member member;
  Channel* channel = nullptr;
  bool dead = false;               // the connection broke and nothing listens there any more
  Fifo<PendingRead> reads;
  bool journalPending = false;
  bool snapshotPending = false;
  std::uint32_t snapshotFailures = 0;  // damaged pieces of its snapshot, one after the other
  Index snapshotBad = 0;               // a snapshot of it that is not asked for again
  std::uint64_t answeredNs = 0;    // when an answer of it came, be it of its memory alone; 0: none has
  std::uint64_t life = 0;

  Control seen;                    // its status line as last read
  std::uint64_t heartbeatNs = 0;   // when its heartbeat was last seen to move; its lowest bit: it leads or stands
  std::uint64_t silenceNs = 0;     // the longest time between two of them of late, while it led
  std::optional<DigestChain::Point> digest;  // of the peer, not compared yet
  Index equalUpTo = 0;             // its digest was this member's

  // Mirroring of this member's own ring into the peer's.
  bool mirroring = false;
  bool everWritten = false;
  Position sent = 0;               // written up to here
  Position placed = 0;             // known to lie in the peer's memory
  std::uint64_t anchor = 0;        // the word last written there (RingHead)
  Index highestWritten = 0;        // index of any record ever written there
  std::uint64_t sentSequence = 0;
  Position cursor = 0;             // its first unapplied record as last read: nothing from there on may be overwritten
  Ballot claimed = 0;              // ballot whose claim was written on this channel
  Ballot confirmed = 0;            // ballot whose claim a read has shown in place
  Position acked = 0;              // accepted under the current ballot up to here (W1)
  Index statedCommit = 0;

  std::optional<PeerScan> scan;    // while this member is a candidate

  // Its memory is a new one: nothing that was written to the former one is there.
  void startLife(std::uint64_t next) {
    life = next;
    seen = {};
    digest.reset();
    everWritten = false;
    sent = placed = cursor = 0;
    highestWritten = 0;
  }
  bool active() const { return (seen.heartbeat & 1) != 0; }  // leads or is a candidate
  bool awaits(PendingRead::Kind kind) const {
    for (std::size_t i = 0; i < reads.size(); i++) {
      if (reads[i].kind == kind) return true;
    }
    return false;
  }
  bool awaitsControl() const { return awaits(PendingRead::Kind::control); }
};

}  // namespace gaia
