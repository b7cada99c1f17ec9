// Synchronisations that the kernel refuses: of all files that lie in a directory, and of itself, while this object lives. One
// at a time.
#pragma once
#include <string>

namespace gaia::test {

class FailingSyncs {
 public:
  // Only files whose names end with `suffix`, and only after `good` of them have been synchronised well.
  explicit FailingSyncs(const std::string& directory, const std::string& suffix = {}, int good = 0);
  ~FailingSyncs();
  FailingSyncs(const FailingSyncs&) = delete;
};

}  // namespace gaia::test
