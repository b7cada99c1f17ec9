// The service port as the program knows it. Each replica listens on one of its own, and programs keep that number: V8 has a table of
// numbers and their texts, where another number lies at another place and meets others, so that memory, and in the end collections of
// garbage, differ. So the environment has one number on all replicas, and addresses are translated on their way to the kernel and back.
#pragma once
#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "turn.h"

namespace gaia::interpose {

// Beyond the ports that agents offer and those that kernels hand out by themselves.
constexpr std::uint16_t toldPort = 65000;

// A variable of the environment, `PORT0=31007`: where it is one of ports, `own` becomes `toldPort` in it.
std::string withToldPort(std::string_view variable, std::uint16_t own);

// What the program means by an address: the service port where it says the one that it was told.
class MeantAddress {
 public:
  MeantAddress(const sockaddr* said, socklen_t length);
  const sockaddr* get() const { return address_; }

 private:
  const sockaddr* address_;
  sockaddr_storage copy_;
};

// The other way round, for an address of `length` bytes that the kernel gave.
void tellPort(void* address, socklen_t length);

}  // namespace gaia::interpose
