// What may be posted to a queue pair, and when: keeps the send queue, the reads in flight and the pinned buffer within
// their limits, and what does not fit waits here. Pure: no device, so that tests can be the device.
//
// Only the last read of a batch is signalled; its completion retires everything before it on the queue pair. Work
// that no read follows for long is signalled by itself, so that room always comes back.
#pragma once
#include <vector>

#include "core/fifo.h"
#include "transport/verbs_library.h"

namespace gaia {

class WorkQueue {
 public:
  static constexpr std::size_t bufferBytes = 8u << 20;
  static constexpr std::size_t waitingBytesMax = 48u << 20;

  explicit WorkQueue(std::span<std::byte> buffer) : buffer_(buffer) {}
  void open(const verbs::WorkLimits& limits);  // forgets everything
  void write(std::size_t offset, std::span<const std::byte> bytes);
  void read(std::size_t offset, std::size_t length);
  // What to post now, with one doorbell; valid until the next call. Empty: nothing, or no room for it yet.
  std::span<const verbs::Work> batch();
  void done(std::uint32_t id);                         // this and all earlier work; of a write: all earlier writes
  bool answer(std::span<const std::byte>* bytes);      // of the oldest read; valid until the next call
  bool overflown() const { return waitingBytes_ > waitingBytesMax; }

 private:
  struct Waiting {
    bool reads = false;
    std::size_t offset = 0;
    std::size_t length = 0;
    std::vector<std::byte> bytes;
  };
  struct Flight {
    std::uint32_t id = 0;
    bool reads = false;
    std::span<std::byte> place;
    std::uint64_t end = 0;  // of its room in the buffer
  };
  bool start(bool reads, std::size_t offset, const std::byte* bytes, std::size_t length);
  void wait(bool reads, std::size_t offset, const std::byte* bytes, std::size_t length);
  bool claim(std::size_t length, std::span<std::byte>* place);
  void startWaiting();
  void signal(verbs::Work& work);
  std::uint32_t outstanding() const { return lastId_ - doneId_; }

  std::span<std::byte> buffer_;
  verbs::WorkLimits limits_;
  std::vector<verbs::Work> started_, batch_;
  Fifo<Waiting> waiting_;
  std::size_t waitingBytes_ = 0;
  Fifo<Flight> flights_;
  Fifo<std::uint32_t> reads_;     // ids of those in flight
  std::uint64_t head_ = 0;        // bytes of the buffer ever claimed
  std::uint64_t tail_ = 0;        // and given back
  std::uint64_t released_ = 0;    // to be given back when the answer last handed out is no longer looked at
  std::uint32_t lastId_ = 0, doneId_ = 0, signalledId_ = 0;
  std::uint32_t doneWriteId_ = 0;  // not counted while reads before it are unanswered
  std::uint64_t signalledHead_ = 0;
};

}  // namespace gaia
