// The payload of one log entry of kind turn: what the program sees from one return of its event wait to the
// next.
//
//   header (32 bytes), then records: a 16-byte head, `bytes` bytes of payload, zero to seven bytes of
//   padding.
//
// The leader builds it in place in its ring; followers read it in place. Numbers have the machine's byte
// order.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include "clock.h"

namespace gaia::interpose {

enum class TurnType : std::uint32_t {
  turn = 0x4e525554,      // the event wait returns
  takeover = 0x454b4154,  // likewise, and every connection of the former leader has come to its end
  refresh = 0x48534652    // in the middle of a turn: the clock moves, nothing else
};

enum class RecordKind : std::uint8_t {
  input = 1,    // fd: connection; payload: bytes
  ended,        // fd: connection; value: 1 = reset, 0 = end of stream
  accepted,     // fd: listener; payload: AcceptedAddresses
  throttle,     // fd: connection; value: 1 = too much output is buffered, 0 = no longer
  childExit,    // fd: the child's virtual pid; value: wait status
  pipeInput,    // fd: pipe from a child; payload: bytes
  pipeEnded,    // fd: pipe from a child
  programReady,  // fd: another descriptor of the program; value: event bits
  snapshot,        // alone in its turn; value: number of the member that takes one of the state before it
  datagram,        // fd: socket; value: bytes of control messages; payload: SocketAddress, control messages, data
  signal,          // fd: its number; the program has a handler for it, or waits for it
  threadReturned   // fd: number of a thread that runs among the others again
};

struct TurnHeader {
  TurnType type;
  std::uint32_t recordCount;
  ClockReading clock;
  std::uint64_t reserved;
};
static_assert(sizeof(TurnHeader) == 32);

struct RecordHead {
  RecordKind kind;
  std::uint8_t reserved[3];
  std::int32_t fd;
  std::uint32_t value;
  std::uint32_t bytes;
};
static_assert(sizeof(RecordHead) == 16);

// Socket addresses as the kernel returns them: IPv4 or IPv6.
struct SocketAddress {
  std::uint32_t length;
  unsigned char bytes[28];
};
struct AcceptedAddresses {
  SocketAddress peer;
  SocketAddress local;
};

constexpr std::size_t recordRoom(std::size_t payloadBytes) {
  return sizeof(RecordHead) + (payloadBytes + 7) / 8 * 8;
}

class TurnWriter {
 public:
  // `room` holds at least a header and is aligned to 8.
  TurnWriter(std::span<std::byte> room, TurnType type);
  // Room for the payload of the next record; at most what is left. Fill it, then call add() with the bytes
  // used.
  std::span<std::byte> payloadRoom() const;
  // Adds a record whose first `bytes` payload bytes are already in payloadRoom(). False: no room, nothing was
  // added.
  bool add(RecordKind kind, std::int32_t fd, std::uint32_t value, std::size_t bytes = 0);
  bool addAccepted(std::int32_t listener, const AcceptedAddresses& addresses);
  // Sets the clock and returns the bytes to append.
  std::size_t finish(const ClockReading& clock);
  bool empty() const { return records_ == 0; }
  std::size_t used() const { return used_; }

 private:
  std::span<std::byte> room_;
  TurnType type_;
  std::size_t used_ = sizeof(TurnHeader);
  std::uint32_t records_ = 0;
};

struct Record {
  RecordHead head;
  std::span<const std::byte> payload;
};

class TurnReader {
 public:
  explicit TurnReader(std::span<const std::byte> entry);
  // False: not an entry this library writes.
  bool valid() const { return valid_; }
  const TurnHeader& header() const { return header_; }
  // The next record; false at the end or at a malformed record (valid() tells which).
  bool next(Record* out);

 private:
  std::span<const std::byte> rest_;
  TurnHeader header_{};
  std::uint32_t left_ = 0;
  bool valid_ = false;
};

}  // namespace gaia::interpose
