// One forwarded client: two sockets and a bounded buffer in each direction; a full buffer stops the reading
// side.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

#include "../transport/pump.h"

namespace gaia::interpose {

class Relay {
 public:
  // Takes ownership of `clientFd`; `epollFd` reports its events with this object as data.
  Relay(int epollFd, int clientFd);
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  // Begins to connect to the leader. False: refused or impossible at once.
  bool connectTo(const std::string& host, std::uint16_t port);
  // Lets go of a leader that has got nothing from this client yet, so that another may serve it. False: too
  // late, it may have executed what the client sent; or the client itself has gone.
  bool disconnect();
  // Moves what can be moved. False: both directions have ended or a socket broke.
  bool move();

  std::uint64_t deadlineMs = 0;  // a client without a leader is held until then

 private:
  struct Side {
    int fd = -1;
    std::uint32_t watched = 0;
  };
  void watch(Side& side, const Pump& in, const Pump& out);

  int epollFd_;
  Side client_, leader_;
  Pump up_, down_;
};

}  // namespace gaia::interpose
