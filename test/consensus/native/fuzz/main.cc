// The cases `fuzz: *` under libFuzzer, each try with what it chose for it. GAIA_FUZZ_CASE names one of them.
#define DOCTEST_CONFIG_IMPLEMENT
#include <cstdio>
#include <cstdlib>

#include "mutator.h"

namespace {

int run(const char* name) {
  doctest::Context context;
  context.setOption("minimal", true);
  context.setOption("no-intro", true);
  context.addFilter("test-case", name);
  return context.run();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const char* const name = std::getenv("GAIA_FUZZ_CASE");
  if (name == nullptr) {
    std::fputs("GAIA_FUZZ_CASE names no case; npm run fuzz names them all\n", stderr);
    std::exit(2);
  }
  const std::span<const std::uint8_t> input(data, size);
  gaia::test::libFuzzerInput = &input;
  // libFuzzer keeps the input of a process that aborts.
  if (run(name) != 0) std::abort();
  return 0;
}
