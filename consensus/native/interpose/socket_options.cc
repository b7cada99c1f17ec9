#include "socket_options.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "descriptors.h"
#include "real.h"
#include "unexpected.h"

namespace gaia::interpose {

namespace {

constexpr std::size_t optionsMax = 32;
constexpr std::size_t optionBytesMax = 64;
constexpr int bufferBytes = 212'992;  // what Linux gives sockets by default; machines may differ

struct Name {
  int level, name;
};
// Off, or as the program has set it at the listener: clients inherit these from there.
constexpr Name inherited[] = {
    {SOL_SOCKET, SO_KEEPALIVE},  {SOL_SOCKET, SO_REUSEADDR}, {SOL_SOCKET, SO_REUSEPORT}, {SOL_SOCKET, SO_LINGER},
    {SOL_SOCKET, SO_OOBINLINE},  {SOL_SOCKET, SO_PRIORITY},  {SOL_SOCKET, SO_RCVTIMEO},  {SOL_SOCKET, SO_SNDTIMEO},
    {SOL_SOCKET, SO_DONTROUTE},  {IPPROTO_TCP, TCP_NODELAY}, {IPPROTO_TCP, TCP_CORK},    {IPPROTO_TCP, TCP_DEFER_ACCEPT},
    {IPPROTO_IPV6, IPV6_V6ONLY},
};

int give(const void* from, std::size_t fromBytes, void* value, socklen_t* bytes) {
  *bytes = static_cast<socklen_t>(std::min<std::size_t>(*bytes, fromBytes));
  std::memcpy(value, from, *bytes);
  return 0;
}

int giveNumber(int number, void* value, socklen_t* bytes) { return give(&number, sizeof number, value, bytes); }

SocketOption* find(Connection& connection, int level, int name) {
  for (SocketOption& option : connection.options)
    if (option.level == level && option.name == name) return &option;
  return nullptr;
}

int takeError(Connection& connection) {
  const bool untold = connection.reset && !connection.errorTold;
  connection.errorTold = connection.reset;
  return untold ? ECONNRESET : 0;
}

int familyOf(const Connection& connection) {
  sa_family_t family = AF_INET;
  if (connection.addresses.peer.length >= sizeof family)
    std::memcpy(&family, connection.addresses.peer.bytes, sizeof family);
  return family;
}

// As far as the log knows. After both sides have ended, a kernel knows it sooner or later.
int stateOf(const Connection& connection) {
  if (connection.reset || (connection.ended && connection.writeClosed)) return TCP_CLOSE;
  if (connection.ended) return TCP_CLOSE_WAIT;
  return connection.writeClosed ? TCP_FIN_WAIT2 : TCP_ESTABLISHED;
}

int giveInfo(const Connection& connection, void* value, socklen_t* bytes) {
  tcp_info info{};
  info.tcpi_state = static_cast<std::uint8_t>(stateOf(connection));
  return give(&info, sizeof info, value, bytes);
}

void noteTimeout(Connection& connection, int name, const void* value, socklen_t bytes) {
  timeval time{};
  if (bytes != sizeof time) return;
  std::memcpy(&time, value, sizeof time);
  const bool none = time.tv_sec == 0 && time.tv_usec == 0;
  const long ms = std::min<long>(time.tv_sec, 1'000'000) * 1000 + (time.tv_usec + 999) / 1000;
  (name == SO_RCVTIMEO ? connection.receiveTimeoutMs : connection.sendTimeoutMs) = none ? -1 : static_cast<int>(ms);
}

}  // namespace

void setOption(Connection& connection, int level, int name, const void* value, socklen_t bytes) {
  if (connection.realFd >= 0) real().setsockopt(connection.realFd, level, name, value, bytes);
  if (level == SOL_SOCKET && (name == SO_RCVTIMEO || name == SO_SNDTIMEO)) noteTimeout(connection, name, value, bytes);
  SocketOption* option = find(connection, level, name);
  if (value == nullptr || bytes > optionBytesMax) return;
  if (option == nullptr && connection.options.size() == optionsMax) return;
  if (option == nullptr) option = &connection.options.emplace_back(level, name);
  const auto* from = static_cast<const unsigned char*>(value);
  option->value.assign(from, from + bytes);
}

int getOption(Connection& connection, int level, int name, void* value, socklen_t* bytes) {
  if (value == nullptr || bytes == nullptr) return EFAULT;
  if (level == SOL_SOCKET) {
    if (name == SO_ERROR) return giveNumber(takeError(connection), value, bytes);
    if (name == SO_TYPE) return giveNumber(SOCK_STREAM, value, bytes);
    if (name == SO_ACCEPTCONN) return giveNumber(0, value, bytes);
    if (name == SO_DOMAIN) return giveNumber(familyOf(connection), value, bytes);
    if (name == SO_PROTOCOL) return giveNumber(familyOf(connection) == AF_UNIX ? 0 : IPPROTO_TCP, value, bytes);
    if (name == SO_SNDBUF || name == SO_RCVBUF) return giveNumber(bufferBytes, value, bytes);
  }
  if (level == IPPROTO_TCP && name == TCP_INFO) return giveInfo(connection, value, bytes);
  if (const SocketOption* option = find(connection, level, name))
    return give(option->value.data(), option->value.size(), value, bytes);
  const auto isSame = [level, name](const Name& known) { return known.level == level && known.name == name; };
  if (std::ranges::any_of(inherited, isSame))
    return real().getsockopt(connection.listenerFd, level, name, value, bytes) == 0 ? 0 : ENOPROTOOPT;
  countUnexpected(Unexpected::socketOption);
  return ENOPROTOOPT;
}

}  // namespace gaia::interpose
