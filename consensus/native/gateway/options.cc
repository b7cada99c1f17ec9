#include "gateway/options.h"

#include "runtime/replica_text.h"

namespace gaia::gateway {
namespace {

bool parseField(std::string_view key, std::string_view value, Options* out) {
  const Field common = parseReplicaField(key, value, &out->replica);
  if (common != Field::unknown) return common == Field::understood;
  if (key != "compare_output") return true;  // the interposer's, or written by a newer executor
  out->compares = value == "1";
  return value == "0" || value == "1";
}

}  // namespace

bool parseOptions(const std::string& text, Options* out, std::string* error) {
  const auto parse = [out](std::string_view key, std::string_view value) { return parseField(key, value, out); };
  if (!parseLines(text, "replica.conf", error, parse)) return false;
  return namesMember(out->replica, "replica.conf", error);
}

bool readOptions(const char* path, Options* out, std::string* error) {
  std::string text;
  return readReplicaFile(path, "gaia-gateway", &text, error) && parseOptions(text, out, error);
}

}  // namespace gaia::gateway
