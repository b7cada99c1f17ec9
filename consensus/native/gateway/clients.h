// The leader's clients: what they do becomes records of an entry, and what the server has said to them does, too.
// Single-threaded.
#pragma once
#include <vector>

#include "gateway/connections.h"

namespace gaia::gateway {

class Clients {
 public:
  static constexpr std::size_t connectionsMax = 4096;
  static constexpr std::size_t unfedBytesMax = 256u << 10;  // of one client; then it is not read from
  static constexpr std::uint64_t saidNs = 50'000'000;       // output waits so long for an entry to go with
  static constexpr std::size_t saidBytesMax = 256u << 10;   // of one connection; more of it waits for nothing

  explicit Clients(Connections& connections) : connections_(connections) {}

  bool leading() const { return leading_; }
  // `highest`: of the connections that the log knows.
  void begin(ConnectionNumber highest, EntryWriter* entry);
  void end();  // all clients are broken off: what they have asked for last is done or not

  void accept(int descriptor, EntryWriter* entry);
  void ready(ConnectionNumber number, std::uint32_t events, EntryWriter* entry);
  // Before an entry is proposed.
  void report(std::uint64_t nowNs, EntryWriter* entry);

 private:
  void read(Connection& connection, EntryWriter* entry);
  void finish(Connection& connection, Record::Kind how, EntryWriter* entry);
  void lose(Connection& connection, EntryWriter* entry);
  bool saysOutput(const Connection& connection, std::uint64_t nowNs, bool goes) const;

  Connections& connections_;
  bool leading_ = false;
  ConnectionNumber next_ = 1;
  std::vector<ConnectionNumber> paused_;  // not read from
  std::array<std::byte, 64u << 10> buffer_;
};

}  // namespace gaia::gateway
