// Who has to go when too many connections have not said yet who they are: pure.
#pragma once
#include <cstdint>
#include <vector>

#include "transport/sys.h"

namespace gaia {

constexpr std::size_t strangersMax = 64;

struct Stranger {
  sys::Address address;    // without the port
  bool saidHello = false;
  std::uint64_t sinceNs = 0;
};

// Of the address with the most strangers the oldest, those without a hello first: a flood displaces itself, not a member
// that calls from elsewhere, nor one that has begun to answer. The place in `strangers`, which is not empty.
std::size_t strangerToDrop(const std::vector<Stranger>& strangers);

}  // namespace gaia
