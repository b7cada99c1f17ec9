// What lies in the kernel for a server on this host that it has not taken yet (sock_diag(7)).
#pragma once
#include <cstdint>

namespace gaia::gateway {

class SocketQueues {
 public:
  SocketQueues();
  ~SocketQueues();
  SocketQueues(const SocketQueues&) = delete;
  SocketQueues& operator=(const SocketQueues&) = delete;

  // Whether the other end of a connection over 127.0.0.1 has read everything, and its listener accepted all.
  bool taken(std::uint16_t serverPort, std::uint16_t clientPort);
  // Whether anybody listens on 127.0.0.1 at this port, be it as one of all addresses.
  bool listens(std::uint16_t port);

 private:
  struct Found {
    bool exists = false, listener = false;
    std::uint32_t waiting = 0;  // bytes to be read; of a listener: connections to be accepted
  };
  Found ask(std::uint16_t serverPort, std::uint16_t clientPort);

  int netlink_;
  std::uint32_t sequence_ = 0;
};

}  // namespace gaia::gateway
