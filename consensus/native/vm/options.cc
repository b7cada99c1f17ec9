#include "vm/options.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/ether.h>
#include <sys/un.h>

#include <cstring>

#include "runtime/replica_text.h"

namespace gaia::vm {
namespace {

using std::string_view;

// "All addresses" are none: they include 127.0.0.1, where the station itself has the door.
bool mayHaveDoor(const std::string& host) {
  in_addr address{};
  in6_addr wide{};
  if (inet_pton(AF_INET, host.c_str(), &address) == 1) return address.s_addr != INADDR_ANY;
  return inet_pton(AF_INET6, host.c_str(), &wide) == 1 && !IN6_IS_ADDR_UNSPECIFIED(&wide) &&
         !IN6_IS_ADDR_V4MAPPED(&wide);
}

// tcp|udp,host,hostPort,guestPort
bool parseDoor(string_view text, std::vector<Door>* out) {
  const auto parts = split(text, ',');
  if (parts.size() != 4 || out->size() == doorsMax || (parts[0] != "tcp" && parts[0] != "udp")) return false;
  Door& door = out->emplace_back();
  door.protocol = parts[0] == "tcp" ? Door::Protocol::tcp : Door::Protocol::udp;
  door.host = parts[1];
  return mayHaveDoor(door.host) && parseNumber(parts[2], &door.hostPort) &&
         parseNumber(parts[3], &door.guestPort) && door.hostPort != 0 && door.guestPort != 0;
}

bool parseSocket(string_view path, std::string* out) {
  *out = path;
  return !path.empty() && path.size() < sizeof(sockaddr_un::sun_path);
}

// first,second
bool parsePair(string_view text, std::string* first, std::string* second) {
  const std::size_t at = text.find(',');
  if (at == string_view::npos) return false;
  *first = text.substr(0, at);
  *second = text.substr(at + 1);
  return !first->empty() && !second->empty();
}

// name,52:54:00:01:02:03
bool parseBridge(string_view text, Bridge* out) {
  const auto parts = split(text, ',');
  if (parts.size() != 2 || parts[0].empty() || parts[0].size() >= IFNAMSIZ) return false;
  out->name = parts[0];
  ether_addr address;
  if (ether_aton_r(std::string(parts[1]).c_str(), &address) == nullptr) return false;
  std::memcpy(out->guest.data(), &address, out->guest.size());
  return (out->guest[0] & std::byte{1}) == std::byte{0};
}

bool parseField(string_view key, string_view value, Options* out) {
  const Field common = parseReplicaField(key, value, &out->replica);
  if (common != Field::unknown) return common == Field::understood;
  if (key == "guest_socket") return parseSocket(value, &out->guestSocket);
  if (key == "migration_socket") return parseSocket(value, &out->migrationSocket);
  if (key == "memory") return parsePair(value, &out->memoryBlock, &out->memoryFile);
  if (key == "disk")
    return parsePair(value, &out->diskSocket, &out->diskFile) &&
           parseSocket(out->diskSocket, &out->diskSocket);
  if (key == "first_primary") return parseNumber(value, &out->firstPrimary);
  if (key == "bridge") return parseBridge(value, &out->bridge);
  if (key == "door") return parseDoor(value, &out->doors);
  return true;  // written by a newer executor
}

}  // namespace

bool parseOptions(const std::string& text, Options* out, std::string* error) {
  const auto parse = [out](string_view key, string_view value) { return parseField(key, value, out); };
  if (!parseLines(text, "vm.conf", error, parse)) return false;
  if (!out->bridge.name.empty() && !out->doors.empty()) {
    *error =
        "vm.conf: bridge and door are both given; a guest on a bridge has no doors, leave one of them out";
    return false;
  }
  return namesMember(out->replica, "vm.conf", error);
}

bool readOptions(const char* path, Options* out, std::string* error) {
  std::string text;
  return readReplicaFile(path, "gaia-vm", &text, error) && parseOptions(text, out, error);
}

}  // namespace gaia::vm
