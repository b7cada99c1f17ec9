// What outer_doors and outer_datagrams have in common: listening sockets at other addresses than 127.0.0.1,
// and which of many sockets poll(2) has found ready. Single-threaded.
#pragma once
#include <poll.h>

#include <cstdint>
#include <span>
#include <vector>

namespace gaia::vm {

// Asked once for each of hundreds of clients: sorted.
class ReadySockets {
 public:
  explicit ReadySockets(std::span<const pollfd> polled);
  bool has(int descriptor) const;

 private:
  std::vector<int> ready_;
};

class OuterListeners {
 public:
  struct Listener {
    int descriptor;
    std::uint16_t port;  // of 127.0.0.1 as well
  };

  OuterListeners() = default;
  ~OuterListeners();
  OuterListeners(const OuterListeners&) = delete;
  OuterListeners& operator=(const OuterListeners&) = delete;

  bool add(int descriptor, std::uint16_t port);  // false: it is -1
  void addTo(std::vector<pollfd>* descriptors) const;
  auto begin() const { return listeners_.begin(); }
  auto end() const { return listeners_.end(); }

 private:
  std::vector<Listener> listeners_;
};

}  // namespace gaia::vm
