#include "unexpected.h"

namespace gaia::interpose {

constinit std::atomic<std::uint32_t> unexpectedCounts[static_cast<int>(Unexpected::count)]{};

const char* nameOf(Unexpected what) {
  static constexpr const char* names[] = {
#define GAIA_NAME(name) #name,
      GAIA_UNEXPECTED(GAIA_NAME)
#undef GAIA_NAME
  };
  return names[static_cast<int>(what)];
}

}  // namespace gaia::interpose
