#include "transport/stream.h"

#include <cerrno>
#include <cstring>

namespace gaia {
namespace {

constexpr std::size_t receiveBytes = 64u << 10;
constexpr int receivesMax = 16;  // at a time: other connections wait

}  // namespace

void Stream::open(int descriptor) {
  close();
  descriptor_ = descriptor;
}

void Stream::close() {
  sys::close(descriptor_);
  sys::close(passed_);
  descriptor_ = passed_ = passing_ = -1;
  broken_ = false;
  error_ = 0;
  inStart_ = inEnd_ = outStart_ = 0;
  out_.clear();
}

void Stream::breakFor(int error) {
  if (error == EAGAIN || error == EINTR) return;
  broken_ = true;
  error_ = error;
}

std::string Stream::cause() const { return error_ == 0 ? "the connection was closed" : sys::errorText(error_); }

void Stream::receive(std::size_t bytesMax) {
  for (int i = 0; i < receivesMax && !broken_; i++) {
    if (inStart_ > 0) {
      std::memmove(in_.data(), in_.data() + inStart_, available());
      inEnd_ -= inStart_;
      inStart_ = 0;
    }
    if (available() >= bytesMax) return;
    const std::size_t part = std::min(receiveBytes, bytesMax - available());
    if (in_.size() - inEnd_ < part) in_.resize(std::max(in_.size() * 2, inEnd_ + part));
    const std::size_t room = bytesMax < receiveBytes ? part : in_.size() - inEnd_;
    const auto count = sys::receive(descriptor_, {in_.data() + inEnd_, room}, &passed_);
    if (count > 0) inEnd_ += static_cast<std::size_t>(count);
    if (count == 0) broken_ = true;
    if (count < 0) breakFor(errno);
    if (count < static_cast<std::ptrdiff_t>(receiveBytes) || available() > framePayloadMax) return;
  }
}

std::span<const std::byte> Stream::takeBytes(std::size_t count) {
  const std::span bytes(in_.data() + inStart_, count);
  inStart_ += count;
  return bytes;
}

std::optional<Frame> Stream::frame() {
  Frame frame;
  if (available() < sizeof(FrameHeader)) return std::nullopt;
  std::memcpy(&frame.header, in_.data() + inStart_, sizeof(FrameHeader));
  if (frame.header.length > framePayloadMax) {
    breakFor(EBADMSG);
    return std::nullopt;
  }
  if (available() < sizeof(FrameHeader) + frame.header.length) return std::nullopt;
  frame.payload = {in_.data() + inStart_ + sizeof(FrameHeader), frame.header.length};
  inStart_ += sizeof(FrameHeader) + frame.header.length;
  return frame;
}

void Stream::put(std::span<const std::byte> bytes) {
  if (descriptor_ < 0 || broken_) return;
  if (outStart_ == out_.size()) {
    out_.clear();
    outStart_ = 0;
  }
  if (outStart_ > bytesToSend() + receiveBytes) {  // what is sent gives its room back, although some always waits
    out_.erase(out_.begin(), out_.begin() + static_cast<std::ptrdiff_t>(outStart_));
    outStart_ = 0;
  }
  if (bytesToSend() + bytes.size() > outputBytesMax) return breakFor(ENOBUFS);  // the other side has stopped reading
  out_.insert(out_.end(), bytes.begin(), bytes.end());
}

void Stream::putAll(std::vector<std::byte>& bytes) {
  if (descriptor_ >= 0 && !broken_ && !wantsToSend() && bytes.size() <= outputBytesMax) {
    out_.swap(bytes);
    outStart_ = 0;
  } else {
    put(bytes);
  }
  bytes.clear();
}

void Stream::putFrame(const FrameHeader& header, std::span<const std::byte> payload) {
  put(std::as_bytes(std::span(&header, 1)));
  put(payload);
}

void Stream::flush() {
  while (wantsToSend() && !broken_) {
    const auto count = sys::send(descriptor_, std::span(out_).subspan(outStart_), passing_);
    if (count < 0) return breakFor(errno);
    passing_ = -1;
    outStart_ += static_cast<std::size_t>(count);
  }
}

}  // namespace gaia
