#include "options.h"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include <charconv>
#include <string_view>

#include "../runtime/replica_text.h"
#include "real.h"

namespace gaia::interpose {

Options* options = nullptr;

namespace {

using std::string;
using std::string_view;

bool parseTrace(string_view text, Trace* out) {
  if (text.size() != 1 || text[0] < '0' || text[0] > '2') return false;
  *out = static_cast<Trace>(text[0] - '0');
  return true;
}

bool parseHexText(string_view text, string* out) {
  if (text.empty() || text.size() % 2 != 0) return false;
  out->assign(text.size() / 2, 0);
  for (std::size_t i = 0; i < out->size(); ++i) {
    const char* begin = text.data() + 2 * i;
    unsigned value = 0;
    if (std::from_chars(begin, begin + 2, value, 16).ptr != begin + 2) return false;
    (*out)[i] = static_cast<char>(value);
  }
  return true;
}

bool parseField(string_view key, string_view value, Options* out) {
  if (const Field common = parseReplicaField(key, value, &out->replica); common != Field::unknown)
    return common == Field::understood;
  if (key == "seed") return parseHex(value, &out->seed);
  if (key == "epoch_ms") return parseNumber(value, &out->epochNs) && (out->epochNs *= 1'000'000, true);
  if (key == "output_bytes_max") return parseNumber(value, &out->outputBytesMax);
  if (key == "output_bytes_soft") return parseNumber(value, &out->outputBytesSoft);
  if (key == "snapshot_file") return !(out->snapshotFile = value).empty();
  if (key == "snapshot_send") return parseHexText(value, &out->snapshotSend);
  if (key == "snapshot_expect") return parseHexText(value, &out->snapshotExpect);
  if (key == "trace") return parseTrace(value, &out->trace);
  return true;  // written by a newer executor
}

}  // namespace

bool parseOptions(const string& text, Options* out, string* error) {
  const auto parse = [out](string_view key, string_view value) { return parseField(key, value, out); };
  if (!parseLines(text, "replica.conf", error, parse)) return false;
  if (!out->replica.group.empty() && out->replica.self.servicePort != 0 && out->epochNs != 0) return true;
  *error = "replica.conf: group, self or epoch_ms is missing; the executor must write all of them";
  return false;
}

void keepFilesIn(const string& directory, Options* options) {
  options->directory = directory;
  string& journal = options->replica.journalDirectory;
  if (!journal.empty() && journal[0] != '/') journal = directory + "/" + journal;
}

bool readOptions(const char* path, Options* out, string* error) {
  const int fd = real().open(path, O_RDONLY | O_CLOEXEC);
  string text;
  char part[4096];
  ssize_t got = fd < 0 ? -1 : 0;
  while (fd >= 0 && (got = real().read(fd, part, sizeof part)) > 0)
    text.append(part, static_cast<std::size_t>(got));
  if (fd >= 0) real().close(fd);
  if (got == 0) {
    if (!parseOptions(text, out, error)) return false;
    char here[PATH_MAX];
    keepFilesIn(getcwd(here, sizeof here) == nullptr ? "." : here, out);
    return true;
  }
  *error = string("GAIA_REPLICA=") + path +
           " cannot be read; the executor must write it before it starts the program";
  return false;
}

}  // namespace gaia::interpose
