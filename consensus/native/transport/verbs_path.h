// The member's network card executes the operations; its processor takes no part.
#pragma once
#include <map>

#include "transport/path.h"
#include "transport/work_queue.h"

namespace gaia {

class VerbsPath;

// The device of this member as its links share it: one completion queue for all, read by whoever holds the lock.
class VerbsPort {
 public:
  explicit VerbsPort(verbs::Device* device) : device_(device) {}
  ~VerbsPort() { device_->release(); }
  VerbsPort(const VerbsPort&) = delete;
  VerbsPort& operator=(const VerbsPort&) = delete;
  verbs::Device& device() { return *device_; }
  bool collect();  // hands out what is done; false: nothing was
  bool readyToSleep();  // arms the completion descriptor; false: something was done meanwhile

 private:
  friend class VerbsPath;
  verbs::Device* device_;
  std::map<std::uint32_t, VerbsPath*> paths_;  // by number of connection
};

class VerbsPath : public Path {
 public:
  explicit VerbsPath(VerbsPort& port) : port_(port), queue_({}) {}
  ~VerbsPath() override;
  VerbsPath(const VerbsPath&) = delete;
  VerbsPath& operator=(const VerbsPath&) = delete;
  // Asks for a queue pair; step() tells when it is there. False, and in failure() why not.
  bool dial(const std::string& host, std::uint16_t port, const verbs::Token& token);
  verbs::Connection::State step();

  const char* name() const override { return "verbs"; }
  void write(std::size_t offset, std::span<const std::byte> bytes) override;
  void read(std::size_t offset, std::size_t length) override;
  void flush() override;
  bool poll(std::span<const std::byte>* answer) override;
  const std::string& failure() const override { return failure_; }
  void close() override;

 private:
  friend class VerbsPort;
  void done(const verbs::Done& done);
  bool fail(const std::string& reason);

  VerbsPort& port_;
  std::byte* buffer_ = nullptr;
  WorkQueue queue_;
  verbs::Connection* connection_ = nullptr;
  bool open_ = false;
  std::string failure_;
};

}  // namespace gaia
