// Members of one host map each other's region: an operation is a copy by the caller.
#pragma once
#include <vector>

#include "core/fifo.h"
#include "transport/path.h"

namespace gaia {

class ShmPath : public Path {
 public:
  ~ShmPath() override;
  // Maps the region, once: the same member has the same memory (R1). False, and in failure() why not.
  bool open(int descriptor, std::size_t bytes);
  const char* name() const override { return "shm"; }
  void write(std::size_t offset, std::span<const std::byte> bytes) override;
  void read(std::size_t offset, std::size_t length) override;
  bool poll(std::span<const std::byte>* answer) override;
  const std::string& failure() const override { return failure_; }
  void close() override { answers_.clear(); }

 private:
  std::byte* memory_ = nullptr;
  std::size_t bytes_ = 0;
  Fifo<std::vector<std::byte>> answers_;
  std::vector<std::byte> current_;
  std::string failure_;
};

}  // namespace gaia
