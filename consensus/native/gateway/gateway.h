// One member of a group whose program cannot be preloaded: it owns the clients' sockets, orders what they do by the log, and
// feeds the program, which is its child and behind it on this host. One loop; see README.md.
#pragma once
#include <optional>

#include "gateway/clients.h"
#include "gateway/feed.h"
#include "gateway/forwarder.h"
#include "gateway/options.h"
#include "runtime/turn_thread.h"

namespace gaia::gateway {

class Gateway {
 public:
  // The program has been started; the member starts once it listens (begin()).
  Gateway(const Options& options, Program& program);
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  Events& events() { return events_; }
  std::uint64_t waitNs() const;  // at most, until serve()
  void serve(std::span<const Events::Event> events);

  bool begun() const { return turns_ != nullptr; }
  // Empty: all is well; else what has gone wrong for good, with the remedy.
  const std::string& failure() const { return failure_; }
  bool ended() const { return ended_; }  // the member has; its program may live on

  void removeMember(std::uint8_t slot, std::uint32_t number);
  void transferLeadership(std::uint32_t number);
  void stop();  // hands leadership over if it can; ended() then
  Status status() const;
  Metrics metrics() const;
  std::string unexpected() const;  // an object of counts

 private:
  bool begin();
  bool listenOn(const std::string& host);
  void accept(std::uint64_t listener, std::uint64_t nowNs);
  void hear(const Events::Event& event, std::uint64_t nowNs);
  void takeEvents();
  void take(TurnEvent& event);
  void refreshStatus();
  void propose(std::uint64_t nowNs);
  void attendProgram(std::uint64_t nowNs);
  void differ(const Connection& connection, const Difference& difference);
  void fail(std::string message);

  Options options_;
  Program& program_;
  Events events_;
  int bell_;
  std::vector<int> listeners_;
  Connections connections_;
  Feed feed_;
  Clients clients_;
  Forwarder forwarder_;
  EntryWriter entry_;
  std::unique_ptr<TurnThread> turns_;
  std::uint64_t reign_ = 0;  // that clients are taken in
  std::uint64_t proposal_ = 0;
  std::size_t underWay_ = 0;
  bool ended_ = false;
  std::uint64_t lookedNs_ = 0;
  std::uint64_t divergences_ = 0;
  std::optional<Divergence> divergence_;
  std::string failure_;
};

}  // namespace gaia::gateway
