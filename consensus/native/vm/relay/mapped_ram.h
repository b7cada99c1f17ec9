// A guest's RAM as its QEMU has it in a file (memory-backend-file,share=on), read-only.
#pragma once
#include <cstddef>
#include <span>
#include <string>

namespace gaia::relay {

class MappedRam {
 public:
  MappedRam() = default;
  ~MappedRam();
  MappedRam(const MappedRam&) = delete;
  MappedRam& operator=(const MappedRam&) = delete;
  bool open(const std::string& path, std::string* error);
  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace gaia::relay
