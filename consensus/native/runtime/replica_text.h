// The lines of replica.conf that every member has, and the pieces that such lines are made of.
#pragma once
#include <charconv>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/runtime.h"

namespace gaia {

template <typename Number>
bool parseNumber(std::string_view text, Number* out) {
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), *out);
  return failure == std::errc() && end == text.data() + text.size();
}

bool parseHex(std::string_view text, std::array<std::uint8_t, 32>* out);
std::vector<std::string_view> split(std::string_view text, char separator);

enum class Field : std::uint8_t { understood, wrong, unknown };
Field parseReplicaField(std::string_view key, std::string_view value, ReplicaOptions* out);
// Whether it is said whose member this is; `file` is what was read.
bool namesMember(const ReplicaOptions& options, const char* file, std::string* error);
// The file that GAIA_REPLICA names, for `program`.
bool readReplicaFile(const char* path, const char* program, std::string* text, std::string* error);

// Hands each `key=value` line to `parse`. False: `error` names the first that it refuses; `file` is what the
// text is from.
template <typename Parse>
bool parseLines(std::string_view text, const char* file, std::string* error, Parse parse) {
  for (const std::string_view line : split(text, '\n')) {
    if (line.empty()) continue;
    const std::size_t equals = line.find('=');
    const std::string_view key = line.substr(0, equals);
    const std::string_view value = equals == std::string_view::npos ? "" : line.substr(equals + 1);
    if (parse(key, value)) continue;
    const bool secret = key == "secret" || key == "seed";
    const std::string shown = secret ? "(secret)" : "\"" + std::string(value) + "\"";
    *error = std::string(file) + ": " + std::string(key) + "=" + shown +
             " is not valid; the executor must write it as ARCHITECTURE.md, 'Control channel', says";
    return false;
  }
  return true;
}

}  // namespace gaia
