// Members of one host map each other's region: an operation is a copy by the caller.
#pragma once
#include <optional>
#include <vector>

#include "core/fifo.h"
#include "transport/path.h"

namespace gaia {

class ShmPath : public Path {
 public:
  ~ShmPath() override;
  // Maps the region, once for each life of its owner: the same life has the same memory (R1). False, and in failure() why
  // not.
  bool open(int descriptor, std::size_t ringBytes, Durability durability, std::uint64_t life);
  const char* name() const override { return "shm"; }
  void write(std::size_t offset, std::span<const std::byte> bytes) override;
  void read(std::size_t offset, std::size_t length) override;
  void flush() override;
  bool poll(std::span<const std::byte>* answer) override;
  const std::string& failure() const override { return failure_; }
  void close() override { answers_.clear(); }

 private:
  void unmap();

  std::optional<Region> memory_;
  std::uint64_t life_ = 0;
  bool unheard_ = false;  // written to an owner whose disk thread must look
  Fifo<std::vector<std::byte>> answers_;
  std::vector<std::byte> current_;
  std::string failure_;
};

}  // namespace gaia
