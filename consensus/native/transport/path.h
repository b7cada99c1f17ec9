// One way to execute one-sided operations on a member's region: what differs between transports once a connection is
// authenticated.
#pragma once
#include <string>

#include "core/channel.h"

namespace gaia {

class Path {
 public:
  virtual ~Path() = default;
  virtual const char* name() const = 0;
  virtual void write(std::size_t offset, std::span<const std::byte> bytes) = 0;
  virtual void read(std::size_t offset, std::size_t length) = 0;
  virtual void flush() {}                                    // starts what was posted since
  virtual bool poll(std::span<const std::byte>* answer) = 0;  // of the oldest read; valid until the next poll
  virtual const std::string& failure() const = 0;             // empty: it works
  virtual void close() = 0;                                   // forgets what was posted
};

}  // namespace gaia
