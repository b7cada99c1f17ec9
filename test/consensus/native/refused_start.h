// Members that must not start, and what they say about it.
#pragma once
#include <doctest/doctest.h>

#include <filesystem>

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

// What it kept is damaged, and says so to lives to come, until somebody takes that back.
inline void forgive(const ReplicaOptions& options, const std::string& damage) {
  refuses(options, "cannot be trusted since " + damage);
  CHECK(std::filesystem::remove(options.journalDirectory + "/condemned"));
}

}  // namespace gaia::test
