#include "gateway/clients.h"

#include <unistd.h>

namespace gaia::gateway {

void Clients::begin(ConnectionNumber highest, EntryWriter* entry) {
  leading_ = true;
  next_ = highest + 1;
  entry->add(Record::Kind::allReset, highest);
}

// A connection that the log does not know yet is gone; of the others the next leader says so.
void Clients::end() {
  leading_ = false;
  paused_.clear();
  for (auto at = connections_.begin(); at != connections_.end();) {
    Connection& connection = *(at++)->second;
    connection.client.reset();
    connection.unsaidSinceNs = 0;
    if (!connection.server.isOpen() && !connection.serverEnded) connections_.forget(connection.number);
  }
}

void Clients::accept(int descriptor, EntryWriter* entry) {
  if (connections_.size() >= connectionsMax) {
    ::close(descriptor);
    return;
  }
  Connection& connection = connections_.add(next_++);
  connection.mine = true;
  connection.client.open(descriptor, connection.number);
  entry->add(Record::Kind::opened, connection.number);
}

void Clients::ready(ConnectionNumber number, std::uint32_t events, EntryWriter* entry) {
  Connection* connection = connections_.find(number);
  if (connection == nullptr || !connection->client.isOpen()) return;
  connection->client.flush();
  if ((events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0 && !connection->inputLogged) read(*connection, entry);
  if (connection->inputLogged && connection->client.broken()) connection->client.close();
  connections_.removeIfDone(*connection);
}

void Clients::read(Connection& connection, EntryWriter* entry) {
  if (connection.unfedBytes >= unfedBytesMax) {
    connection.client.listen(false);
    return paused_.push_back(connection.number);
  }
  const std::size_t room = std::min(entry->room(), buffer_.size());
  if (room == 0) return;  // still readable in the next round
  std::size_t count = 0;
  switch (connection.client.receive(std::span(buffer_).first(room), &count)) {
    case Socket::Got::nothing:
      return;
    case Socket::Got::bytes:
      connection.unfedBytes += count;
      return entry->addBytes(connection.number, View(buffer_).first(count));
    case Socket::Got::end:
      return finish(connection, Record::Kind::ended, entry);
    case Socket::Got::broken:
      return finish(connection, Record::Kind::reset, entry);
  }
}

void Clients::finish(Connection& connection, Record::Kind how, EntryWriter* entry) {
  connection.inputLogged = true;
  connection.client.listen(false);
  if (how == Record::Kind::reset) connection.client.reset();
  entry->add(how, connection.number);
}

// Of one that has said all, the log need not know: what its server still says is nobody's, here as elsewhere.
void Clients::lose(Connection& connection, EntryWriter* entry) {
  if (!connection.inputLogged) return finish(connection, Record::Kind::reset, entry);
  connection.client.reset();
}

// Output goes with the next entry if there is one.
bool Clients::saysOutput(const Connection& connection, std::uint64_t nowNs, bool goes) const {
  if (connection.unsaidSinceNs == 0 || !connection.mine) return false;
  return goes || nowNs - connection.unsaidSinceNs >= saidNs || connection.output.kept() >= saidBytesMax;
}

void Clients::report(std::uint64_t nowNs, EntryWriter* entry) {
  const bool goes = !entry->empty();
  for (auto at = connections_.begin(); at != connections_.end();) {
    Connection& connection = *(at++)->second;
    if (connection.lost) lose(connection, entry);
    if (!saysOutput(connection, nowNs, goes)) continue;
    connection.unsaidSinceNs = 0;
    if (const auto said = connection.output.takeSaid()) entry->addSaid(connection.number, *said);
    connections_.outputTaken(connection);
    connections_.removeIfDone(connection);
  }
  std::erase_if(paused_, [this](ConnectionNumber number) {
    Connection* connection = connections_.find(number);
    if (connection == nullptr || !connection->client.isOpen()) return true;
    if (connection->unfedBytes >= unfedBytesMax) return false;
    connection->client.listen(!connection->inputLogged);
    return true;
  });
}

}  // namespace gaia::gateway
