// Disks of pretended guests.
#pragma once
#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <filesystem>

#include "temporary_directory.h"
#include "vm/relay/big_endian.h"
#include "vm/relay/shared_disk.h"

namespace gaia::relay::testing {

// In a directory of its own.
struct Disk {
  explicit Disk(std::uint64_t bytes, std::uint64_t asideMax = SharedDisk::asideBytesMax) : disk(asideMax) {
    close(open((directory / "disk").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
    std::filesystem::resize_file(directory / "disk", bytes);
    opened = disk.open(directory / "disk", &error);
  }
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;
  // As the guest has it.
  Bytes content() {
    Bytes bytes(disk.bytes());
    CHECK(disk.read(0, bytes));
    return bytes;
  }

  test::TemporaryDirectory owned;
  std::filesystem::path directory = owned.path();
  std::string error;
  SharedDisk disk;
  bool opened = false;
};

}  // namespace gaia::relay::testing
