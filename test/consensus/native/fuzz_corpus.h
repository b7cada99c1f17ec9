// What libFuzzer has found for the cases `fuzz: *`: the inputs of fuzz/corpus.txt, which `npm run fuzz -- --keep` writes.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace gaia::test {

struct FuzzInput {
  std::size_t line = 0;  // of the file
  std::vector<std::uint8_t> bytes;
};

// Throws if the file cannot be read, or has none for this case, as when one was renamed.
std::vector<FuzzInput> corpusOf(std::string_view caseName);

}  // namespace gaia::test
