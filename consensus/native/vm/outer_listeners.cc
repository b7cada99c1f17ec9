#include "vm/outer_listeners.h"

#include <algorithm>

#include "transport/sys.h"

namespace gaia::vm {

ReadySockets::ReadySockets(std::span<const pollfd> polled) {
  for (const pollfd& entry : polled)
    if (entry.revents != 0) ready_.push_back(entry.fd);
  std::sort(ready_.begin(), ready_.end());
}

bool ReadySockets::has(int descriptor) const {
  return std::binary_search(ready_.begin(), ready_.end(), descriptor);
}

OuterListeners::~OuterListeners() {
  for (const Listener& listener : listeners_) sys::close(listener.descriptor);
}

bool OuterListeners::add(int descriptor, std::uint16_t port) {
  if (descriptor >= 0) listeners_.push_back({descriptor, port});
  return descriptor >= 0;
}

void OuterListeners::addTo(std::vector<pollfd>* descriptors) const {
  for (const Listener& listener : listeners_) descriptors->push_back({listener.descriptor, POLLIN, 0});
}

}  // namespace gaia::vm
