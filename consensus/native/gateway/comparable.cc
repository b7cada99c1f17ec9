#include "gateway/comparable.h"

#include <algorithm>
#include <string_view>

namespace gaia::gateway {
namespace {

constexpr std::string_view preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";  // RFC 9113, 3.4
constexpr std::string_view dateField = "\r\ndate: ";
constexpr std::size_t dateBytes = 29;  // Sun, 06 Nov 1994 08:49:37 GMT (RFC 9110, 5.6.7)
constexpr std::size_t frameHeaderBytes = 9;
enum FrameType : std::uint8_t { data = 0, resetStream = 3 };

char lower(std::byte byte) {
  const char c = static_cast<char>(byte);
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

void Comparable::heard(View bytes, Bytes* out) {
  for (const std::byte byte : bytes) {
    if (kind_ != Kind::unknown) return;
    if (static_cast<char>(byte) != preface[prefaceHeard_])
      decide(Kind::text, out);
    else if (++prefaceHeard_ == preface.size())
      decide(Kind::frames, out);
  }
}

void Comparable::said(View bytes, Bytes* out) {
  if (kind_ != Kind::unknown) return pass(bytes, out);
  held_.insert(held_.end(), bytes.begin(), bytes.end());
  if (held_.size() > heldBytesMax) decide(Kind::text, out);
}

void Comparable::ended(Bytes* out) {
  if (kind_ == Kind::unknown) decide(Kind::text, out);
}

void Comparable::decide(Kind kind, Bytes* out) {
  kind_ = kind;
  pass(held_, out);
  Bytes().swap(held_);  // with its memory, which nothing uses any more
}

void Comparable::pass(View said, Bytes* out) {
  if (kind_ == Kind::frames)
    passFrames(said, out);
  else
    passText(said, out);
}

// "\r\n" occurs in the searched words at their begin only, so after a mismatch they may begin anew there and nowhere else.
void Comparable::passText(View said, Bytes* out) {
  for (const std::byte byte : said) {
    if (dateLeft_ > 0 && byte != std::byte{'\r'}) {
      dateLeft_--;
      continue;
    }
    dateLeft_ = 0;
    const char c = lower(byte);
    dateMatched_ = c == dateField[dateMatched_] ? dateMatched_ + 1 : (c == dateField[0] ? 1 : 0);
    if (dateMatched_ == dateField.size()) {
      dateMatched_ = 0;
      dateLeft_ = dateBytes;
    }
    out->push_back(byte);
  }
}

void Comparable::beginFrame(Bytes* out) {
  const auto at = [this](std::size_t i) { return static_cast<std::uint32_t>(header_[i]); };
  const std::uint32_t stream = (at(5) & 0x7f) << 24 | at(6) << 16 | at(7) << 8 | at(8);
  const auto type = static_cast<FrameType>(at(3));
  frameLeft_ = at(0) << 16 | at(1) << 8 | at(2);
  frameCounts_ = type == FrameType::data || type == FrameType::resetStream;
  // How data is cut into frames follows from windows.
  if (frameCounts_ && (stream != stream_ || type == FrameType::resetStream))
    out->insert(out->end(), header_.begin() + 5, header_.end());
  if (frameCounts_) stream_ = stream;
  header_.clear();
}

void Comparable::passFrames(View said, Bytes* out) {
  while (!said.empty()) {
    if (frameLeft_ == 0) {
      const std::size_t part = std::min(said.size(), frameHeaderBytes - header_.size());
      header_.insert(header_.end(), said.begin(), said.begin() + static_cast<std::ptrdiff_t>(part));
      said = said.subspan(part);
      if (header_.size() == frameHeaderBytes) beginFrame(out);
      continue;
    }
    const std::size_t part = std::min<std::size_t>(said.size(), frameLeft_);
    if (frameCounts_) out->insert(out->end(), said.begin(), said.begin() + static_cast<std::ptrdiff_t>(part));
    frameLeft_ -= static_cast<std::uint32_t>(part);
    said = said.subspan(part);
  }
}

}  // namespace gaia::gateway
