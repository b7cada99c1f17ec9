// TCP doors at other addresses than 127.0.0.1. libslirp would show clients of other hosts to the guest by
// their own addresses, which may be the same at two members and to which the guest has no way; so their bytes
// go through a connection of this process to the same port of 127.0.0.1, where the station has the door.
// Single-threaded.
#pragma once
#include <memory>

#include "transport/pump.h"
#include "vm/options.h"
#include "vm/outer_listeners.h"

namespace gaia::vm {

class OuterDoors {
 public:
  static constexpr std::size_t clientsMax = 1024;  // more are closed at once

  bool open(const Door& door);  // false: errno says why
  void addTo(std::vector<pollfd>* descriptors) const;
  void serve(const ReadySockets& ready);

 private:
  using Listener = OuterListeners::Listener;
  struct Client {
    int outside, inside;
    Pump in, out;
    bool ended = false;
    ~Client();
  };
  void accept(const Listener& listener);

  OuterListeners listeners_;
  std::vector<std::unique_ptr<Client>> clients_;
};

}  // namespace gaia::vm
