#include "options.h"

#include <fcntl.h>

#include <charconv>
#include <string_view>
#include <vector>

#include "real.h"

namespace gaia::interpose {

Options* options = nullptr;

namespace {

using std::string;
using std::string_view;

template <typename Number>
bool parseNumber(string_view text, Number* out) {
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), *out);
  return failure == std::errc() && end == text.data() + text.size();
}

bool parseHex(string_view text, std::array<std::uint8_t, 32>* out) {
  if (text.size() != out->size() * 2) return false;
  for (std::size_t i = 0; i < out->size(); ++i) {
    const auto [end, failure] = std::from_chars(text.data() + 2 * i, text.data() + 2 * i + 2, (*out)[i], 16);
    if (failure != std::errc() || end != text.data() + 2 * i + 2) return false;
  }
  return true;
}

std::vector<string_view> split(string_view text, char separator) {
  std::vector<string_view> parts;
  while (true) {
    const std::size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

// slot,member,host,consensusPort,servicePort
bool parseMember(string_view text, Member* out) {
  const auto parts = split(text, ',');
  if (parts.size() != 5 || parts[2].empty()) return false;
  out->host = parts[2];
  return parseNumber(parts[0], &out->slot) && out->slot < slotsMax && parseNumber(parts[1], &out->number) &&
         parseNumber(parts[3], &out->consensusPort) && parseNumber(parts[4], &out->servicePort);
}

bool parseTransport(string_view text, TransportChoice* out) {
  if (text == "auto")
    *out = TransportChoice::automatic;
  else if (text == "shm")
    *out = TransportChoice::shm;
  else if (text == "verbs")
    *out = TransportChoice::verbs;
  else if (text == "tcp")
    *out = TransportChoice::tcp;
  else
    return false;
  return true;
}

bool parseDurability(string_view text, Durability* out) {
  if (text != "memory" && text != "disk") return false;
  *out = text == "disk" ? Durability::disk : Durability::memory;
  return true;
}

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
  ReplicaOptions& replica = out->replica;
  if (key == "group") return !(replica.group = value).empty();
  if (key == "secret") return parseHex(value, &replica.secret);
  if (key == "seed") return parseHex(value, &out->seed);
  if (key == "epoch_ms") return parseNumber(value, &out->epochNs) && (out->epochNs *= 1'000'000, true);
  if (key == "join") return (replica.join = value == "1", value == "0" || value == "1");
  if (key == "transport") return parseTransport(value, &replica.transport);
  if (key == "self") return parseMember(value, &replica.self);
  if (key == "peer") return parseMember(value, &replica.peers.emplace_back());
  if (key == "durability") return parseDurability(value, &replica.durability);
  if (key == "journal") return !(replica.journalDirectory = value).empty();
  if (key == "journal_bytes_max") return parseNumber(value, &replica.journalBytesMax);
  if (key == "suspicion_ms") return parseNumber(value, &replica.suspicionMs) && replica.suspicionMs > 0;
  if (key == "output_bytes_max") return parseNumber(value, &out->outputBytesMax);
  if (key == "output_bytes_soft") return parseNumber(value, &out->outputBytesSoft);
  if (key == "snapshot_file") return !(out->snapshotFile = value).empty();
  if (key == "snapshot_send") return parseHexText(value, &out->snapshotSend);
  if (key == "snapshot_expect") return parseHexText(value, &out->snapshotExpect);
  if (key == "snapshot_log_bytes") return parseNumber(value, &replica.snapshotLogBytes);
  if (key == "trace") return parseTrace(value, &out->trace);
  return true;  // written by a newer executor
}

string quoteSafely(string_view key, string_view value) {
  return key == "secret" || key == "seed" ? "(secret)" : "\"" + string(value) + "\"";
}

}  // namespace

bool parseOptions(const string& text, Options* out, string* error) {
  for (const string_view line : split(text, '\n')) {
    if (line.empty()) continue;
    const std::size_t equals = line.find('=');
    const string_view key = line.substr(0, equals);
    const string_view value = equals == string_view::npos ? "" : line.substr(equals + 1);
    if (parseField(key, value, out)) continue;
    *error = "replica.conf: " + string(key) + "=" + quoteSafely(key, value) +
             " is not valid; the executor must write it as ARCHITECTURE.md, 'Control channel', says";
    return false;
  }
  if (!out->replica.group.empty() && out->replica.self.servicePort != 0 && out->epochNs != 0) return true;
  *error = "replica.conf: group, self or epoch_ms is missing; the executor must write all of them";
  return false;
}

bool readOptions(const char* path, Options* out, string* error) {
  const int fd = real().open(path, O_RDONLY | O_CLOEXEC);
  string text;
  char part[4096];
  ssize_t got = fd < 0 ? -1 : 0;
  while (fd >= 0 && (got = real().read(fd, part, sizeof part)) > 0)
    text.append(part, static_cast<std::size_t>(got));
  if (fd >= 0) real().close(fd);
  if (got == 0) return parseOptions(text, out, error);
  *error = string("GAIA_REPLICA=") + path +
           " cannot be read; the executor must write it before it starts the program";
  return false;
}

}  // namespace gaia::interpose
