#include "gateway/forwarder.h"

#include <unistd.h>

#include "gateway/socket.h"

namespace gaia::gateway {
namespace {

// A hang-up is told of whatever is waited for.
std::uint32_t wantedOf(const Pump& in, const Pump& out) {
  return (in.wantsInput() ? EPOLLIN : 0u) | (out.wantsOutput() ? EPOLLOUT : 0u);
}

}  // namespace

Forwarder::~Forwarder() {
  while (!clients_.empty()) drop(clients_.begin()->first);
}

void Forwarder::accept(int descriptor, std::uint64_t nowNs) {
  if (clients_.size() >= clientsMax) {
    ::close(descriptor);
    return;
  }
  auto client = std::make_unique<Client>();
  client->client = descriptor;
  client->deadlineNs = nowNs + holdNs;
  clients_.emplace(next_++, std::move(client));
  held_++;
}

void Forwarder::follow(const Status& status, std::uint32_t self) {
  Member leader;
  for (const Member& member : status.configuration)
    if (member.number == status.leader && member.number != self) leader = member;
  if (leader.number == leader_.number) return;
  leader_ = leader;
  for (auto at = clients_.begin(); at != clients_.end();) {
    auto& [number, client] = *at++;
    if (client->leader >= 0 && !letGo(*client)) drop(number);
  }
}

// A leader that has got nothing of this client has not served it: the next one may.
bool Forwarder::letGo(Client& client) {
  if (client.up.exchanged() || client.down.exchanged() || (client.up.sourceEnded() && client.up.empty())) return false;
  ::close(client.leader);
  client.leader = -1;
  client.leaderWatched = 0;
  if (client.clientWatched != 0) events_.forget(client.client);
  client.clientWatched = 0;
  client.up.changeSink();
  client.down.changeSource();
  held_++;
  return true;
}

void Forwarder::serve(std::uint64_t nowNs) {
  if (held_ == 0) return;
  for (auto at = clients_.begin(); at != clients_.end();) {
    auto& [number, client] = *at++;
    if (client->leader >= 0) continue;
    if (leader_.number != 0 && connect(number, *client)) continue;
    if (nowNs >= client->deadlineNs) drop(number);
  }
}

bool Forwarder::connect(std::uint64_t number, Client& client) {
  const int descriptor = connectTo(leader_.host, leader_.servicePort);
  if (descriptor < 0) return false;
  client.leader = descriptor;
  held_--;
  watch(number, client);
  return true;
}

void Forwarder::ready(std::uint64_t number) {
  const auto found = clients_.find(number);
  if (found == clients_.end() || found->second->leader < 0) return;
  Client& client = *found->second;
  const bool moved = client.up.move(client.client, client.leader) && client.down.move(client.leader, client.client);
  if (moved && !(client.up.done() && client.down.done())) return watch(number, client);
  if (moved || !letGo(client)) drop(number);
}

void Forwarder::watch(std::uint64_t number, Client& client) {
  set(client.client, Source::forwardedClient, number, wantedOf(client.up, client.down), &client.clientWatched);
  set(client.leader, Source::forwardedServer, number, wantedOf(client.down, client.up), &client.leaderWatched);
}

void Forwarder::set(int descriptor, Source source, std::uint64_t number, std::uint32_t wanted, std::uint32_t* watched) {
  if (wanted == *watched) return;
  if (wanted == 0)
    events_.forget(descriptor);
  else if (*watched == 0)
    events_.watch(descriptor, source, number, wanted);
  else
    events_.change(descriptor, source, number, wanted);
  *watched = wanted;
}

void Forwarder::drop(std::uint64_t number) {
  const auto found = clients_.find(number);
  if (found->second->leader < 0) held_--;
  ::close(found->second->client);
  if (found->second->leader >= 0) ::close(found->second->leader);
  clients_.erase(found);
}

}  // namespace gaia::gateway
