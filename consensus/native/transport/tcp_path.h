// The owner's service thread executes the operations that come on the connection; answers come back on it.
#pragma once
#include "transport/path.h"
#include "transport/stream.h"

namespace gaia {

class TcpPath : public Path {
 public:
  explicit TcpPath(Stream& stream) : stream_(stream) {}
  const char* name() const override { return "tcp"; }
  void write(std::size_t offset, std::span<const std::byte> bytes) override;
  void read(std::size_t offset, std::size_t length) override;
  bool poll(std::span<const std::byte>*) override { return false; }  // the link takes all frames from the stream
  const std::string& failure() const override { return none_; }      // the stream itself tells
  void close() override {}

 private:
  Stream& stream_;
  std::string none_;
};

}  // namespace gaia
