#include "fuzz_corpus.h"

#include <charconv>
#include <fstream>
#include <stdexcept>
#include <string>

namespace gaia::test {
namespace {

[[noreturn]] void refuse(const std::string& what) {
  throw std::runtime_error(GAIA_FUZZ_CORPUS ": " + what + "; `npm run fuzz -- --keep` writes it");
}

std::vector<std::uint8_t> bytesOf(const std::string& text, std::size_t line) {
  std::vector<std::uint8_t> bytes(text.size() / 2);
  for (std::size_t i = 0; i < bytes.size(); i++) {
    const char* const digits = text.data() + 2 * i;
    const auto [end, bad] = std::from_chars(digits, digits + 2, bytes[i], 16);
    if (bad != std::errc() || end != digits + 2) refuse("line " + std::to_string(line) + " is not hexadecimal");
  }
  return bytes;
}

}  // namespace

// A case's name stands above its inputs.
std::vector<FuzzInput> corpusOf(std::string_view caseName) {
  std::ifstream file(GAIA_FUZZ_CORPUS);
  std::vector<FuzzInput> inputs;
  bool wanted = false;
  std::string text;
  for (std::size_t line = 1; std::getline(file, text); line++) {
    if (text.starts_with("fuzz: ")) wanted = text == caseName;
    else if (wanted) inputs.push_back({line, bytesOf(text, line)});
  }
  if (inputs.empty()) refuse("no input for \"" + std::string(caseName) + "\"");
  return inputs;
}

}  // namespace gaia::test
