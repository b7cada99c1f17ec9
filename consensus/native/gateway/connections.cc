#include "gateway/connections.h"

#include "transport/sys.h"

namespace gaia::gateway {
namespace {

constexpr const char* serverHost = "127.0.0.1";
constexpr int readsMax = 16;  // of one server's connection before others are looked at

}  // namespace

Connection& Connections::add(ConnectionNumber number) {
  auto& place = connections_[number];
  if (place == nullptr) place = std::make_unique<Connection>(events_, number);
  return *place;
}

Connection* Connections::find(ConnectionNumber number) {
  const auto found = connections_.find(number);
  return found == connections_.end() ? nullptr : found->second.get();
}

// On loopback a connection is there at once, in the order of connect(2). A server that refuses it is one that ends it.
void Connections::open(ConnectionNumber number) {
  Connection& connection = add(number);
  const int descriptor = connectTo(serverHost, port_);
  if (descriptor < 0) return serverEnds(connection, 0);
  connection.server.open(descriptor, number);
}

void Connections::feed(Connection& connection, View bytes) {
  if (compares_) connection.output.heard(bytes);
  connection.unfedBytes -= std::min(connection.unfedBytes, bytes.size());
  connection.server.send(bytes);
}

void Connections::endInput(Connection& connection) {
  connection.inputEnded = true;
  connection.server.endSending();
  removeIfDone(connection);
}

void Connections::expect(Connection& connection, std::uint64_t index, std::uint32_t author, const Said& said,
                         std::uint64_t nowNs) {
  if (connection.mine || !compares_) return;
  connection.output.expect(index, author, said);
  compare(connection, nowNs);
  removeIfDone(connection);
}

void Connections::compare(Connection& connection, std::uint64_t nowNs) {
  if (connection.mine) {
    if (connection.output.unsaid() && connection.unsaidSinceNs == 0) connection.unsaidSinceNs = nowNs;
  } else {
    if (const auto difference = connection.output.compare()) differ_(connection, *difference);
    if (!connection.output.awaited())
      connection.awaitedSinceNs = 0;
    else if (connection.awaitedSinceNs == 0)
      connection.awaitedSinceNs = nowNs;
  }
  outputTaken(connection);
}

void Connections::outputTaken(Connection& connection) {
  if (connection.server.isOpen() && !connection.serverEnded) connection.server.listen(!connection.output.full());
}

void Connections::lookForSilence(std::uint64_t nowNs) {
  for (const auto& [number, connection] : connections_) {
    if (connection->awaitedSinceNs == 0 || nowNs - connection->awaitedSinceNs < silenceNs) continue;
    if (!connection->serverEnded && receive(*connection, nowNs)) continue;
    connection->awaitedSinceNs = 0;
    if (const auto difference = connection->output.missing()) differ_(*connection, *difference);
  }
}

void Connections::serverReady(ConnectionNumber number, std::uint64_t nowNs) {
  Connection* connection = find(number);
  if (connection == nullptr || !connection->server.isOpen()) return;
  connection->server.flush();
  if (!connection->serverEnded) receive(*connection, nowNs);
  removeIfDone(*connection);
}

// True: there was something, or there may be.
bool Connections::receive(Connection& connection, std::uint64_t nowNs) {
  for (int reads = 0; reads < readsMax && !connection.output.full(); reads++) {
    std::size_t count = 0;
    const Socket::Got got = connection.server.receive(buffer_, &count);
    if (got == Socket::Got::nothing) return reads > 0;
    if (got != Socket::Got::bytes) return serverEnds(connection, nowNs), true;
    say(connection, View(buffer_).first(count), nowNs);
  }
  return true;
}

void Connections::say(Connection& connection, View bytes, std::uint64_t nowNs) {
  connection.client.send(bytes);
  if (connection.client.waiting() > clientBytesMax) connection.lost = true;
  if (!compares_) return;
  connection.output.said(bytes);
  compare(connection, nowNs);
}

void Connections::serverEnds(Connection& connection, std::uint64_t nowNs) {
  connection.serverEnded = true;
  if (connection.server.isOpen()) connection.server.listen(false);
  if (connection.client.isOpen()) connection.client.endSending();
  if (!compares_) return;
  connection.output.ended();
  compare(connection, nowNs);
}

void Connections::removeIfDone(Connection& connection) {
  const Socket& client = connection.client;
  const bool told = !client.isOpen() || client.broken() || client.waiting() == 0;
  const bool compared = !compares_ || connection.output.finished();
  if (connection.inputEnded && connection.serverEnded && compared && told) forget(connection.number);
}

std::uint16_t Connections::localPort(const Connection& connection) const {
  return connection.server.isOpen() ? sys::localPort(connection.server.descriptor()) : 0;
}

}  // namespace gaia::gateway
