#include "verbs/rdma.h"

#include <arpa/inet.h>

#include <cstdio>

namespace gaia::verbs {

void explain(char* reason, const char* what, int error) {
  std::snprintf(reason, reasonBytes, "%s: %s", what, strerrordesc_np(error));
}

bool parseAddress(const char* host, std::uint16_t port, Address* address) {
  auto* v4 = reinterpret_cast<sockaddr_in*>(&address->storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&address->storage);
  if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    return true;
  }
  if (inet_pton(AF_INET6, host, &v6->sin6_addr) != 1) return false;
  v6->sin6_family = AF_INET6;
  v6->sin6_port = htons(port);
  return true;
}

}  // namespace gaia::verbs
