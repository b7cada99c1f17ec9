// What of a server's words to a client is compared. Servers of HTTP/1 say the time of day: their Date is left out. Of HTTP/2
// the data of streams is compared, and that one was broken off; what keeps the connection going (SETTINGS, PING,
// WINDOW_UPDATE) follows from timing, and compressed headers hold a Date, too. Pure.
#pragma once
#include "gateway/entry.h"

namespace gaia::gateway {

class Comparable {
 public:
  // All append to `out` what is compared. How the client begins says whether this is HTTP/2; what the server says before
  // that is held.
  void heard(View bytes, Bytes* out);
  void said(View bytes, Bytes* out);
  void ended(Bytes* out);

 private:
  static constexpr std::size_t heldBytesMax = 64u << 10;
  enum class Kind : std::uint8_t { unknown, text, frames };

  void pass(View said, Bytes* out);
  void decide(Kind kind, Bytes* out);
  void passText(View said, Bytes* out);
  void passFrames(View said, Bytes* out);
  void beginFrame(Bytes* out);

  Kind kind_ = Kind::unknown;
  std::size_t prefaceHeard_ = 0;  // of the words that HTTP/2 begins with
  Bytes held_;
  std::size_t dateMatched_ = 0, dateLeft_ = 0;
  Bytes header_;                  // of the frame that is being read, as far as it is there
  std::uint32_t frameLeft_ = 0;
  bool frameCounts_ = false;
  std::uint32_t stream_ = 0;      // of the data that was compared last
};

}  // namespace gaia::gateway
