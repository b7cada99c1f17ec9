// Members that must not start, and what they say about it.
#pragma once
#include <doctest/doctest.h>

#include "runtime/runtime.h"

namespace gaia::test {

inline std::string startError(const ReplicaOptions& options) {
  std::string error;
  CHECK(Runtime::start(options, &error) == nullptr);
  return error;
}

inline void refuses(const ReplicaOptions& options, const std::string& why) {
  const std::string error = startError(options);
  CHECK_MESSAGE(error.find(why) != std::string::npos, error);
}

}  // namespace gaia::test
