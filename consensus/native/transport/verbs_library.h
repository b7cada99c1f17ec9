// What libgaia-verbs.so offers. That library is linked with rdma-core and loaded at run time into a name space of its
// own (verbs_loader.h), so only plain data and these calls cross: what one side allocates, the same side releases.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/region.h"

namespace gaia::verbs {

constexpr std::size_t reasonBytes = 144;  // what a refusal can carry on InfiniBand
constexpr const char* openSymbol = "gaiaOpenVerbsDevice";

// Sent by the caller with its request: the session in which the owner handed it out. Used once.
using Token = std::array<std::byte, 16>;

struct Work {
  bool reads = false;
  bool signalled = false;
  bool inlined = false;
  std::uint32_t length = 0;
  std::byte* local = nullptr;  // within the connection's buffer
  std::uint64_t offset = 0;    // in the owner's region
  std::uint32_t id = 0;
};

struct Done {
  std::uint32_t connection = 0;
  std::uint32_t work = 0;
  const char* error = nullptr;  // null: it and all work before it on this connection is done
};

struct WorkLimits {
  std::size_t work = 0;    // outstanding in the send queue
  std::size_t reads = 0;   // of them reads, as both sides can bear
  std::size_t inlineBytes = 0;
};

// The writer's side: a reliable-connected queue pair to one owner.
class Connection {
 public:
  enum class State : std::uint8_t { connecting, open, ended };
  virtual State state() const = 0;
  virtual std::uint32_t number() const = 0;
  virtual const char* reason() const = 0;  // why it ended
  virtual WorkLimits limits() const = 0;  // once open
  // One doorbell for all of `batch`, whose parts must each lie in one writable part of the region. False: it has ended.
  virtual bool post(std::span<const Work> batch) = 0;
  virtual void release() = 0;             // ends it; nothing of it is executed afterwards

 protected:
  ~Connection() = default;
};

// Asked by the owner's side whom to let in.
class Doorkeeper {
 public:
  // The slot and the session of whoever shows this token; false: nobody's.
  virtual bool admit(const Token& token, std::uint8_t* slot, std::uint64_t* session) = 0;
  virtual void left(std::uint64_t session) = 0;  // its queue pair is gone

 protected:
  ~Doorkeeper() = default;
};

class Device {
 public:
  // The owner's side; service thread only.
  virtual std::uint16_t port() const = 0;
  virtual bool removed() const = 0;               // the device is gone: end all connections, then release this
  virtual int inboundDescriptor() const = 0;      // readable when serve() has something to do
  virtual void serve(Doorkeeper& doorkeeper) = 0;
  virtual void drop(std::uint64_t session) = 0;   // when it returns, nothing of this session's lands any more (N3)

  // The writer's side. `buffer` stays where it is until the connection is released. Null and `reason` on failure.
  virtual Connection* connect(const char* host, std::uint16_t port, const Token& token, std::span<std::byte> buffer,
                              char* reason) = 0;
  virtual int outboundDescriptor() const = 0;     // readable when step() has something to do
  virtual void step() = 0;                        // brings the states of connections up to date
  virtual std::size_t poll(std::span<Done> done) = 0;  // no system call

  // To sleep until something is done: arm, poll once more, wait for the descriptor, disarm.
  virtual int completionDescriptor() const = 0;
  virtual void arm() = 0;
  virtual void disarm() = 0;

  virtual void release() = 0;  // after its connections and sessions

 protected:
  ~Device() = default;
};

// How the program is kept from seeing descriptors: `own` gives back the number that replaces the given one.
struct Descriptors {
  int (*own)(int);
  void (*forget)(int);  // before it is closed
};

// Opens the RDMA device that has the address `host`, registers the region of the member in `slot` and listens. Null and
// `reason` (of reasonBytes) on failure. All descriptors are opened here; `descriptors` outlives the device.
using OpenDevice = Device* (*)(const char* host, const Region& region, std::uint8_t slot, const Descriptors& descriptors,
                               char* reason);

}  // namespace gaia::verbs
