#include <doctest/doctest.h>
#include <netinet/in.h>

#include <cstring>
#include <memory>

#include "interpose/options.h"
#include "interpose/told_port.cc"
#include "interpose/told_port.h"

using namespace gaia::interpose;

namespace {

// A replica that listens on `port`, as long as it lives.
class ReplicaAt {
 public:
  explicit ReplicaAt(std::uint16_t port) {
    own_.replica.self.servicePort = port;
    options = &own_;
  }
  ~ReplicaAt() { options = before_; }

 private:
  Options own_;
  Options* before_ = options;
};

sockaddr_in address(std::uint16_t port) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  return at;
}

std::uint16_t meant(const sockaddr_in& said) {
  const MeantAddress meant(reinterpret_cast<const sockaddr*>(&said), sizeof said);
  sockaddr_in got{};
  std::memcpy(&got, meant.get(), sizeof got);
  return ntohs(got.sin_port);
}

std::uint16_t told(sockaddr_in given, socklen_t length = sizeof(sockaddr_in)) {
  tellPort(&given, length);
  return ntohs(given.sin_port);
}

}  // namespace

TEST_CASE("variables of ports name the one that is told, and only they") {
  CHECK(withToldPort("PORT=31007", 31007) == "PORT=65000");
  CHECK(withToldPort("PORT0=31007", 31007) == "PORT0=65000");
  CHECK(withToldPort("PORTS=31006,31007,31008", 31007) == "PORTS=31006,65000,31008");
  CHECK(withToldPort("PORT_HTTP=31007", 31007) == "PORT_HTTP=65000");
  for (const char* same : {"PORT0=31008", "PORT0=310070", "PORT0=", "PORT0", "PORTAL=31007", "PORTS", "P=31007", "", "PORT", "REPORT=31007"})
    CHECK(withToldPort(same, 31007) == same);
  CHECK(withToldPort("PORT0=0", 0) == "PORT0=0");
}

TEST_CASE("the port that is told is the service port to the kernel, and the other way round") {
  const ReplicaAt replica(31007);
  CHECK(meant(address(toldPort)) == 31007);
  CHECK(meant(address(31007)) == 31007);
  CHECK(meant(address(80)) == 80);
  CHECK(told(address(31007)) == toldPort);
  CHECK(told(address(80)) == 80);
  CHECK(told(address(31007), 3) == 31007);  // more than there is room for was not given
}

TEST_CASE("addresses without ports, and those of no replica, stay as they are") {
  sockaddr_in local = address(toldPort);
  local.sin_family = AF_UNIX;
  {
    const ReplicaAt replica(31007);
    CHECK(meant(local) == toldPort);
    CHECK(MeantAddress(nullptr, 0).get() == nullptr);
  }
  CHECK(meant(address(toldPort)) == toldPort);
}
