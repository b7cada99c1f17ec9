// The child that takes a snapshot: one client of its own, who sends the hook's command and waits for its
// reply.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "clock.h"
#include "descriptors.h"
#include "options.h"
#include "process.h"
#include "ready.h"
#include "real.h"
#include "snapshot.h"
#include "turns.h"

namespace gaia::interpose {

namespace {

constexpr std::uint64_t answerWithinNs = 600'000'000'000;
constexpr int pauseMs = 1;

enum class Scene : std::uint8_t { connect, send, await };
constinit Scene scene = Scene::connect;
constinit std::uint64_t sinceNs = 0;
std::string* reply = nullptr;

SocketAddress loopback(std::uint16_t port) {
  SocketAddress address{};
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(port);
  in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::memcpy(address.bytes, &in, sizeof in);
  address.length = sizeof in;
  return address;
}

void connectClient() {
  Listener& listener = *std::ranges::find(descriptors.listeners(), false, &Listener::local);
  QueuedConnection& queued = listener.queue.emplace_back();
  queued.addresses = {loopback(1), loopback(options->replica.self.servicePort)};
  markReady(listener.fd);
  scene = Scene::send;
}

void sendCommand() {
  Connection* connection = descriptors.connection(connectionFdFirst);
  if (connection == nullptr) return;  // not accepted yet
  connection->input.add(std::as_bytes(std::span(options->snapshotSend)));
  markReady(connection->fd);
  scene = Scene::await;
}

void judgeReply() {
  const std::string& expected = options->snapshotExpect;
  if (reply->size() >= expected.size()) _exit(reply->starts_with(expected) ? 0 : 1);
}

}  // namespace

void snapshotChildTurn() {
  if (reply == nullptr) {
    reply = new std::string;
    sinceNs = realClock().monotonicNs;
  }
  if (realClock().monotonicNs - sinceNs > answerWithinNs) _exit(1);
  forgetServed();
  switch (scene) {
    case Scene::connect:
      return connectClient();
    case Scene::send:
      return sendCommand();
    case Scene::await:
      judgeReply();
      real().poll(nullptr, 0, pauseMs);
  }
}

void hearSnapshotReply(const void* data, std::size_t bytes) {
  if (reply != nullptr) reply->append(static_cast<const char*>(data), bytes);
}

}  // namespace gaia::interpose
