// One client of a service: one connection, one operation at a time, driven by poll().
#pragma once
#include <poll.h>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

namespace gaia::bench {

struct Target {
  std::string service;    // "redis", "etcd" or "zookeeper"
  std::string operation;  // "write": replicated; "read": one that the server answers alone
  std::uint16_t port = 0;  // on loopback
  std::size_t bytes = 64;  // of a value
};

// What a service answered when it was not what was asked for.
struct ServiceError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Session {
 public:
  virtual ~Session() = default;
  virtual pollfd interest() = 0;
  virtual void begin() = 0;              // the next operation; the last one has finished
  virtual bool ready(short events) = 0;  // true: the operation has finished. Throws ServiceError when it failed
};

// Connected, and with its key `client-<client>` written once.
std::unique_ptr<Session> openRedis(const Target& target, std::size_t client);
std::unique_ptr<Session> openEtcd(const Target& target, std::size_t client);
std::unique_ptr<Session> openZooKeeper(const Target& target, std::size_t client);

// Runs one operation to its end; throws ServiceError after ten seconds.
void finish(Session& session);

}  // namespace gaia::bench
