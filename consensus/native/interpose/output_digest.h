// What the program has put out during an entry, as one number that members compare. How a program cuts a reply into writes
// follows from the age of its buffers, which a member that joined by a snapshot does not share: writes to one connection
// that follow each other count as one.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "hash.h"

namespace gaia::interpose {

class OutputDigest {
 public:
  void begin() {
    chained_ = 0;
    descriptor_ = none;
  }

  void add(int descriptor, const void* data, std::size_t bytes) {
    if (descriptor != descriptor_) {
      finish();
      descriptor_ = descriptor;
      hash_.begin(chained_ ^ static_cast<std::uint64_t>(descriptor));
    }
    hash_.add(data, bytes);
  }

  std::uint64_t value() {
    finish();
    return chained_;
  }

 private:
  static constexpr int none = -1;

  void finish() {
    if (descriptor_ == none) return;
    chained_ = hash_.end();
    descriptor_ = none;
  }

  std::uint64_t chained_ = 0;
  int descriptor_ = none;  // whose writes are being hashed
  StreamHash hash_;
};

}  // namespace gaia::interpose
