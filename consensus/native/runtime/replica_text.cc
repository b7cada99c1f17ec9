#include "runtime/replica_text.h"

#include <fstream>
#include <sstream>

namespace gaia {

using std::string_view;

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

namespace {

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

bool parseBool(string_view text, bool* out) {
  *out = text == "1";
  return text == "0" || text == "1";
}

Field judged(bool good) { return good ? Field::understood : Field::wrong; }

}  // namespace

Field parseReplicaField(string_view key, string_view value, ReplicaOptions* out) {
  if (key == "group") return judged(!(out->group = value).empty());
  if (key == "secret") return judged(parseHex(value, &out->secret));
  if (key == "join") return judged(parseBool(value, &out->join));
  if (key == "transport") return judged(parseTransport(value, &out->transport));
  if (key == "self") return judged(parseMember(value, &out->self));
  if (key == "peer") return judged(parseMember(value, &out->peers.emplace_back()));
  if (key == "durability") return judged(parseDurability(value, &out->durability));
  if (key == "journal") return judged(!(out->journalDirectory = value).empty());
  if (key == "journal_bytes_max") return judged(parseNumber(value, &out->journalBytesMax));
  if (key == "suspicion_ms") return judged(parseNumber(value, &out->suspicionMs) && out->suspicionMs > 0);
  if (key == "snapshot_log_bytes") return judged(parseNumber(value, &out->snapshotLogBytes));
  return Field::unknown;
}

bool namesMember(const ReplicaOptions& options, const char* file, std::string* error) {
  if (!options.group.empty() && options.self.servicePort != 0) return true;
  *error = std::string(file) + ": group or self is missing; the executor must write both of them";
  return false;
}

bool readReplicaFile(const char* path, const char* program, std::string* text, std::string* error) {
  std::ifstream file(path);
  std::stringstream read;
  read << file.rdbuf();
  *text = read.str();
  if (file && !read.fail()) return true;
  *error = std::string("GAIA_REPLICA=") + path + " cannot be read; the executor must write it before it starts " + program;
  return false;
}

}  // namespace gaia
