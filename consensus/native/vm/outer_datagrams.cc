#include "vm/outer_datagrams.h"

#include <sys/socket.h>

#include <algorithm>

#include "transport/sys.h"

namespace gaia::vm {
namespace {

constexpr int readsMax = 64;  // at a time: others wait
constexpr std::size_t datagramBytesMax = 65'507;

}  // namespace

OuterDatagrams::~OuterDatagrams() {
  for (const auto& [key, client] : clients_) sys::close(client.inside);
}

bool OuterDatagrams::open(const Door& door) {
  part_.resize(datagramBytesMax);
  return listeners_.add(sys::bindUdp(door.host, door.hostPort), door.hostPort);
}

void OuterDatagrams::addTo(std::vector<pollfd>* descriptors) const {
  listeners_.addTo(descriptors);
  for (const auto& [key, client] : clients_) descriptors->push_back({client.inside, POLLIN, 0});
}

void OuterDatagrams::serve(const ReadySockets& ready) {
  for (const auto& [key, client] : clients_)
    if (ready.has(client.inside)) answer(key, client);
  for (const Listener& listener : listeners_)
    if (ready.has(listener.descriptor)) takeFrom(listener);
}

// What cannot be passed on now is lost, as on any way of a datagram.
void OuterDatagrams::takeFrom(const Listener& listener) {
  for (int i = 0; i < readsMax; i++) {
    sockaddr_storage from{};
    socklen_t length = sizeof from;
    const ssize_t got = recvfrom(listener.descriptor, part_.data(), part_.size(), 0,
                                 reinterpret_cast<sockaddr*>(&from), &length);
    if (got < 0) return;
    const Client* client = clientOf(listener, Name(reinterpret_cast<const char*>(&from), length));
    if (client != nullptr) (void)::send(client->inside, part_.data(), static_cast<std::size_t>(got), 0);
  }
}

void OuterDatagrams::answer(const Key& key, const Client& client) {
  const auto& [listener, name] = key;
  for (int i = 0; i < readsMax; i++) {
    const ssize_t got = recv(client.inside, part_.data(), part_.size(), 0);
    if (got < 0) return;
    (void)sendto(listener, part_.data(), static_cast<std::size_t>(got), 0,
                 reinterpret_cast<const sockaddr*>(name.data()), static_cast<socklen_t>(name.size()));
  }
}

OuterDatagrams::Client* OuterDatagrams::clientOf(const Listener& listener, Name from) {
  const Key key{listener.descriptor, std::move(from)};
  auto found = clients_.find(key);
  if (found == clients_.end()) {
    if (clients_.size() == clientsMax) forgetOldest();
    const int inside = sys::connectUdp("127.0.0.1", listener.port);
    if (inside < 0) return nullptr;
    found = clients_.emplace(key, Client{inside, 0}).first;
  }
  found->second.heard = ++heard_;
  return &found->second;
}

void OuterDatagrams::forgetOldest() {
  const auto oldest = std::min_element(
      clients_.begin(), clients_.end(),
      [](const auto& one, const auto& other) { return one.second.heard < other.second.heard; });
  sys::close(oldest->second.inside);
  clients_.erase(oldest);
}

}  // namespace gaia::vm
