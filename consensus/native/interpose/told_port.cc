#include "told_port.h"

#include <netinet/in.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "options.h"

namespace gaia::interpose {

namespace {

// Both families have the port at one place.
constexpr std::size_t portAt = offsetof(sockaddr_in, sin_port);
static_assert(portAt == offsetof(sockaddr_in6, sin6_port));

std::uint16_t portIn(const void* address, socklen_t length) {
  sa_family_t family = AF_UNSPEC;
  std::uint16_t port = 0;
  if (address == nullptr || length < portAt + sizeof port) return 0;
  std::memcpy(&family, address, sizeof family);
  std::memcpy(&port, static_cast<const char*>(address) + portAt, sizeof port);
  return family == AF_INET || family == AF_INET6 ? ntohs(port) : std::uint16_t{0};
}

void setPort(void* address, std::uint16_t port) {
  const std::uint16_t inOrder = htons(port);
  std::memcpy(static_cast<char*>(address) + portAt, &inOrder, sizeof inOrder);
}

std::uint16_t ownPort() { return options == nullptr ? std::uint16_t{0} : options->replica.self.servicePort; }

// PORT, PORT0, PORTS, PORT_HTTP.
bool isOfPorts(std::string_view variable) {
  const std::string_view after = variable.substr(std::min(variable.size(), std::string_view("PORT").size()));
  const bool named = after.starts_with('=') || after.starts_with("S=") || after.starts_with('_');
  return variable.starts_with("PORT") && (named || (!after.empty() && after[0] >= '0' && after[0] <= '9'));
}

}  // namespace

std::string withToldPort(std::string_view variable, std::uint16_t own) {
  const std::size_t begin = variable.find('=') + 1;
  if (own == 0 || begin == 0 || !isOfPorts(variable)) return std::string(variable);
  std::string changed(variable.substr(0, begin));
  for (std::size_t at = begin; at <= variable.size();) {
    const std::size_t end = std::min(variable.find(',', at), variable.size());
    const std::string_view port = variable.substr(at, end - at);
    changed += port == std::to_string(own) ? std::to_string(toldPort) : port;
    if (end < variable.size()) changed += ',';
    at = end + 1;
  }
  return changed;
}

MeantAddress::MeantAddress(const sockaddr* said, socklen_t length) : address_(said) {
  if (ownPort() == 0 || length > sizeof copy_ || portIn(said, length) != toldPort) return;
  std::memcpy(&copy_, said, length);
  setPort(&copy_, ownPort());
  address_ = reinterpret_cast<const sockaddr*>(&copy_);
}

void tellPort(void* address, socklen_t length) {
  if (ownPort() != 0 && portIn(address, length) == ownPort()) setPort(address, toldPort);
}

}  // namespace gaia::interpose
