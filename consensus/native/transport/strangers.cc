#include "transport/strangers.h"

#include <algorithm>
#include <tuple>

namespace gaia {

std::size_t strangerToDrop(const std::vector<Stranger>& strangers) {
  const auto crowd = [&](const Stranger& one) {
    return std::count_if(strangers.begin(), strangers.end(),
                         [&](const Stranger& other) { return other.address == one.address; });
  };
  const auto before = [&](const Stranger& a, const Stranger& b) {
    return std::tuple(-crowd(a), a.saidHello, a.sinceNs) < std::tuple(-crowd(b), b.saidHello, b.sinceNs);
  };
  return static_cast<std::size_t>(std::min_element(strangers.begin(), strangers.end(), before) - strangers.begin());
}

}  // namespace gaia
