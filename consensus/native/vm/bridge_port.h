// The guest's place on a bridge of this host: a tap device of our own there, which ends with this process.
// Single-threaded.
#pragma once
#include <poll.h>

#include <memory>
#include <string>

#include "vm/frame.h"
#include "vm/options.h"

namespace gaia::vm {

class BridgePort {
 public:
  // Null: `error` says what is missing, and the remedy.
  static std::unique_ptr<BridgePort> open(const Bridge& bridge, std::string* error);
  ~BridgePort();
  BridgePort(const BridgePort&) = delete;
  BridgePort& operator=(const BridgePort&) = delete;

  void addTo(std::vector<pollfd>* descriptors) const { descriptors->push_back({tap_, POLLIN, 0}); }
  // Frames for the guest's address or for many.
  void serve(std::span<const pollfd> ready, const std::function<void(View frame)>& take);
  // A frame that does not fit is lost, as on a congested wire.
  void send(View frame) const;
  // Has bridges look for the guest here from now on.
  void announce() const;

 private:
  BridgePort(int tap, const MacAddress& guest) : tap_(tap), guest_(guest) {}
  bool isForGuest(View frame) const;

  int tap_;
  MacAddress guest_;
  Bytes part_;
};

}  // namespace gaia::vm
