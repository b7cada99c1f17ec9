#include "vm/outer_doors.h"

namespace gaia::vm {
namespace {

// One that neither may be read nor has to be written is not looked at: it could only say again that its peer
// is gone.
pollfd watched(int descriptor, const Pump& filled, const Pump& emptied) {
  const int in = filled.wantsInput() ? POLLIN : 0, out = emptied.wantsOutput() ? POLLOUT : 0;
  return {(in | out) == 0 ? -1 : descriptor, static_cast<short>(in | out), 0};
}

}  // namespace

OuterDoors::Client::~Client() {
  sys::close(outside);
  sys::close(inside);
}

bool OuterDoors::open(const Door& door) {
  return listeners_.add(sys::listenTcp(door.host, door.hostPort), door.hostPort);
}

void OuterDoors::addTo(std::vector<pollfd>* descriptors) const {
  listeners_.addTo(descriptors);
  for (const auto& client : clients_) {
    descriptors->push_back(watched(client->outside, client->in, client->out));
    descriptors->push_back(watched(client->inside, client->out, client->in));
  }
}

void OuterDoors::serve(const ReadySockets& ready) {
  for (auto& client : clients_) {
    if (!ready.has(client->outside) && !ready.has(client->inside)) continue;
    const bool alive =
        client->in.move(client->outside, client->inside) && client->out.move(client->inside, client->outside);
    client->ended = !alive || (client->in.done() && client->out.done());
  }
  std::erase_if(clients_, [](const auto& client) { return client->ended; });
  for (const Listener& listener : listeners_)
    if (ready.has(listener.descriptor)) accept(listener);
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
