// Any replica's address works: a member that does not lead relays its clients' bytes to the leader's service port.
// Single-threaded.
#pragma once
#include <map>
#include <memory>

#include "gateway/events.h"
#include "runtime/runtime.h"
#include "transport/pump.h"

namespace gaia::gateway {

class Forwarder {
 public:
  static constexpr std::size_t clientsMax = 4096;
  static constexpr std::uint64_t holdNs = 2'000'000'000;  // a client waits this long for a leader that takes it
  static constexpr std::uint64_t retryNs = 20'000'000;

  explicit Forwarder(Events& events) : events_(events) {}
  ~Forwarder();
  Forwarder(const Forwarder&) = delete;
  Forwarder& operator=(const Forwarder&) = delete;

  void accept(int descriptor, std::uint64_t nowNs);
  void ready(std::uint64_t number);
  // Who leads, if anybody is known to. Clients of another leader are let go, but for those that nothing was told of yet.
  void follow(const Status& status, std::uint32_t self);
  void serve(std::uint64_t nowNs);  // those that wait for a leader
  bool waits() const { return held_ > 0; }

 private:
  struct Client {
    int client = -1, leader = -1;
    std::uint32_t clientWatched = 0, leaderWatched = 0;
    std::uint64_t deadlineNs = 0;
    Pump up, down;
  };
  bool connect(std::uint64_t number, Client& client);
  bool letGo(Client& client);
  void watch(std::uint64_t number, Client& client);
  void set(int descriptor, Source source, std::uint64_t number, std::uint32_t wanted, std::uint32_t* watched);
  void drop(std::uint64_t number);

  Events& events_;
  std::map<std::uint64_t, std::unique_ptr<Client>> clients_;
  std::uint64_t next_ = 1;
  std::size_t held_ = 0;
  Member leader_;  // number 0: none is known
};

}  // namespace gaia::gateway
