// A non-blocking stream socket with buffers, and the frames that travel on it.
#pragma once
#include <cstring>
#include <optional>
#include <vector>

#include "transport/sys.h"

namespace gaia {

enum class Operation : std::uint32_t {
  write = 1,
  read = 2,
  journal = 3,
  answer = 4,
  journalAnswer = 5,
  snapshot = 6,
  snapshotAnswer = 7,
  bell = 8  // over verbs: what was written lies there
};

struct FrameHeader {
  Operation operation = Operation::write;
  std::uint32_t length = 0;     // of the payload that follows
  std::uint64_t offset = 0;     // in the region; of a journal read: the first index wanted; of a snapshot read: its index
  std::uint64_t count = 0;      // of a read: how many bytes; of a snapshot read: the piece's number
};

struct Frame {
  FrameHeader header;
  std::span<const std::byte> payload;  // valid until the next receive
};

constexpr std::size_t framePayloadMax = 4u << 20;
constexpr std::size_t outputBytesMax = 48u << 20;

class Stream {
 public:
  explicit Stream(int descriptor = -1) : descriptor_(descriptor) {}
  ~Stream() { close(); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  void open(int descriptor);
  void close();
  int descriptor() const { return descriptor_; }
  bool broken() const { return broken_; }
  void fail(int error = 0) { broken_ = true, error_ = error; }  // 0: the cause is another
  std::string cause() const;  // of a broken one
  void endSending() { sys::endSending(descriptor_); }  // the other side sees the end; what it sends is still received

  // Takes what the kernel has, within bounds; of who has not said yet who it is, at most `bytesMax` at a time.
  void receive(std::size_t bytesMax = ~std::size_t{0});
  void forgetInput() { inStart_ = inEnd_ = 0; }
  std::size_t available() const { return inEnd_ - inStart_; }
  std::span<const std::byte> input() const { return {in_.data() + inStart_, available()}; }  // until the next receive
  void skip(std::size_t bytes) { inStart_ += bytes; }  // of the input
  template <class T>
  bool take(T* message) {
    if (available() < sizeof(T)) return false;
    std::memcpy(message, in_.data() + inStart_, sizeof(T));
    inStart_ += sizeof(T);
    return true;
  }
  std::span<const std::byte> takeBytes(std::size_t count);  // of what is available; valid until the next receive
  std::optional<Frame> frame();  // the next whole frame; a malformed one breaks the stream
  int passedDescriptor() const { return passed_; }

  void put(std::span<const std::byte> bytes);
  void putAll(std::vector<std::byte>& bytes);  // and empties them; nothing is copied while nothing else waits
  void putFrame(const FrameHeader& header, std::span<const std::byte> payload);
  template <class T>
  void putMessage(const T& message) {
    put(std::as_bytes(std::span(&message, 1)));
  }
  void pass(int descriptor) { passing_ = descriptor; }  // with the next bytes sent
  void flush();
  bool wantsToSend() const { return outStart_ < out_.size(); }
  std::size_t bytesToSend() const { return out_.size() - outStart_; }

 private:
  void breakFor(int error);

  int descriptor_;
  bool broken_ = false;
  int error_ = 0;  // that broke it; 0: another cause
  int passed_ = -1;
  int passing_ = -1;
  std::vector<std::byte> in_;
  std::size_t inStart_ = 0, inEnd_ = 0;
  std::vector<std::byte> out_;
  std::size_t outStart_ = 0;
};

}  // namespace gaia
