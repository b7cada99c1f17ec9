// Whether tests can use verbs here: GAIA_VERBS_HOST names the address of an RDMA device of this machine. Where
// GAIA_REQUIRE_VERBS is set, its absence is a failure instead of a reason to skip, and what is
// promised of several transports is tested over verbs alone.
#pragma once
#include <doctest/doctest.h>

#include <cstdlib>
#include <string>

#include "runtime/runtime.h"

namespace gaia::test {

inline std::string verbsHost() {
  const char* host = std::getenv("GAIA_VERBS_HOST");
  return host == nullptr ? "" : host;
}

inline bool verbsAlone() { return std::getenv("GAIA_REQUIRE_VERBS") != nullptr; }

inline void skipVerbs(const std::string& why) {
  if (verbsAlone()) FAIL_CHECK("verbs is required: " << why);
  else MESSAGE("skipped over verbs: " << why);
}

// The transports that real members of this machine can be tested with.
inline std::vector<TransportChoice> testedTransports() {
  std::vector<TransportChoice> all;
  if (!verbsAlone()) all = {TransportChoice::shm, TransportChoice::tcp};
  if (verbsHost().empty()) skipVerbs("GAIA_VERBS_HOST does not name an RDMA device's address");
  else all.push_back(TransportChoice::verbs);
  return all;
}

}  // namespace gaia::test
