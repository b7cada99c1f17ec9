// The connections that the log knows: each has an end at this member's server, and at the leader one at its client. What
// servers say is compared here, and at the leader sent on. Single-threaded.
#pragma once
#include <array>
#include <map>
#include <memory>

#include "gateway/output_comparison.h"
#include "gateway/socket.h"

namespace gaia::gateway {

struct Connection {
  Connection(Events& events, ConnectionNumber itsNumber)
      : number(itsNumber), server(events, Source::server), client(events, Source::client) {}

  ConnectionNumber number;
  Socket server, client;
  OutputComparison output;
  bool mine = false;         // its client is or was this process's: what the log says of its output, was said here
  bool inputLogged = false;  // the client's end has been proposed
  bool inputEnded = false;   // and has reached the server
  bool serverEnded = false;
  bool lost = false;         // the client cannot be sent any more
  std::size_t unfedBytes = 0;       // of the client, not yet given to the server
  std::uint64_t awaitedSinceNs = 0;  // the log is ahead of this member's server; 0: it is not
  std::uint64_t unsaidSinceNs = 0;   // at the leader: the log does not know of output; 0: it knows of all
};

class Connections {
 public:
  using Differ = std::function<void(const Connection& connection, const Difference& difference)>;
  static constexpr std::size_t clientBytesMax = 16u << 20;  // that a client has not taken; then it is lost
  static constexpr std::uint64_t silenceNs = 10'000'000'000;  // of a server that rests and owes output

  Connections(Events& events, std::uint16_t port, bool compares, Differ differ)
      : events_(events), port_(port), compares_(compares), differ_(std::move(differ)) {}

  Connection& add(ConnectionNumber number);  // or the one that is there
  Connection* find(ConnectionNumber number);
  void forget(ConnectionNumber number) { connections_.erase(number); }  // the server sees its end
  std::size_t size() const { return connections_.size(); }
  auto begin() { return connections_.begin(); }
  auto end() { return connections_.end(); }

  // What the log says.
  void open(ConnectionNumber number);
  void feed(Connection& connection, View bytes);
  void endInput(Connection& connection);
  void expect(Connection& connection, std::uint64_t index, std::uint32_t author, const Said& said, std::uint64_t nowNs);

  void outputTaken(Connection& connection);  // the log knows of it: there is room for more
  void serverReady(ConnectionNumber number, std::uint64_t nowNs);
  void removeIfDone(Connection& connection);  // and nobody may use it then
  void lookForSilence(std::uint64_t nowNs);   // the server rests
  std::uint16_t localPort(const Connection& connection) const;  // of its end at the server
  bool compares() const { return compares_; }

 private:
  bool receive(Connection& connection, std::uint64_t nowNs);
  void say(Connection& connection, View bytes, std::uint64_t nowNs);
  void serverEnds(Connection& connection, std::uint64_t nowNs);
  void compare(Connection& connection, std::uint64_t nowNs);

  Events& events_;
  std::uint16_t port_;
  bool compares_;
  Differ differ_;
  std::map<ConnectionNumber, std::unique_ptr<Connection>> connections_;
  std::array<std::byte, 64u << 10> buffer_;
};

}  // namespace gaia::gateway
