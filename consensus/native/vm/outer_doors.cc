#include "vm/outer_doors.h"

#include <algorithm>

namespace gaia::vm {
namespace {

// One that neither may be read nor has to be written is not looked at: it could only say again that its peer
// is gone.
pollfd watched(int descriptor, const Pump& filled, const Pump& emptied) {
  const int in = filled.wantsInput() ? POLLIN : 0, out = emptied.wantsOutput() ? POLLOUT : 0;
  return {(in | out) == 0 ? -1 : descriptor, static_cast<short>(in | out), 0};
}

}  // namespace

OuterDoors::~OuterDoors() {
  for (const Listener& listener : listeners_) sys::close(listener.descriptor);
}

OuterDoors::Client::~Client() {
  sys::close(outside);
  sys::close(inside);
}

bool OuterDoors::open(const Door& door) {
  const int descriptor = sys::listenTcp(door.host, door.hostPort);
  if (descriptor >= 0) listeners_.push_back({descriptor, door.hostPort});
  return descriptor >= 0;
}

void OuterDoors::addTo(std::vector<pollfd>* descriptors) const {
  for (const Listener& listener : listeners_) descriptors->push_back({listener.descriptor, POLLIN, 0});
  for (const auto& client : clients_) {
    descriptors->push_back(watched(client->outside, client->in, client->out));
    descriptors->push_back(watched(client->inside, client->out, client->in));
  }
}

void OuterDoors::serve(std::span<const pollfd> ready) {
  std::vector<int> moving;
  for (const pollfd& entry : ready)
    if (entry.revents != 0) moving.push_back(entry.fd);
  std::sort(moving.begin(), moving.end());
  const auto isReady = [&](int descriptor) {
    return std::binary_search(moving.begin(), moving.end(), descriptor);
  };
  for (auto& client : clients_) {
    if (!isReady(client->outside) && !isReady(client->inside)) continue;
    const bool alive =
        client->in.move(client->outside, client->inside) && client->out.move(client->inside, client->outside);
    client->ended = !alive || (client->in.done() && client->out.done());
  }
  std::erase_if(clients_, [](const auto& client) { return client->ended; });
  for (const Listener& listener : listeners_)
    if (isReady(listener.descriptor)) accept(listener);
}

void OuterDoors::accept(const Listener& listener) {
  for (int outside; (outside = sys::accept(listener.descriptor)) >= 0;) {
    const int inside = clients_.size() < clientsMax ? sys::connectTcp("127.0.0.1", listener.port) : -1;
    if (inside < 0) {
      sys::close(outside);
      continue;
    }
    clients_.push_back(std::make_unique<Client>(outside, inside));
  }
}

}  // namespace gaia::vm
