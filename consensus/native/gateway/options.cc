#include "gateway/options.h"

#include <fstream>
#include <sstream>

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
  if (!out->replica.group.empty() && out->replica.self.servicePort != 0) return true;
  *error = "replica.conf: group or self is missing; the executor must write both of them";
  return false;
}

bool readOptions(const char* path, Options* out, std::string* error) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  if (file && !text.fail()) return parseOptions(text.str(), out, error);
  *error = std::string("GAIA_REPLICA=") + path +
           " cannot be read; the executor must write it before it starts gaia-gateway";
  return false;
}

}  // namespace gaia::gateway
