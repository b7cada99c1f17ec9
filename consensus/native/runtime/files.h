// The files under a member's log: the operating system's, or in tests a disk that forgets what was not
// synchronised. All calls give 0 or an error number.
#pragma once
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace gaia {

class File {
 public:
  virtual ~File() = default;
  virtual std::size_t bytes() const = 0;
  virtual int read(std::size_t offset, std::span<std::byte> into) = 0;  // all of it
  virtual int write(std::size_t offset, std::span<const std::byte> bytes) = 0;
  virtual int sync() = 0;  // contents; a new name lasts only after Files::sync of its directory
};

class Files {
 public:
  virtual ~Files() = default;
  virtual int create(const std::string& path, std::size_t bytes,
                     std::unique_ptr<File>* file) = 0;  // allocated, zeroed
  virtual int open(const std::string& path, std::unique_ptr<File>* file) = 0;
  virtual int rename(const std::string& from, const std::string& to) = 0;
  virtual int remove(const std::string& path) = 0;
  virtual int list(const std::string& directory, std::vector<std::string>* names) = 0;
  virtual int sync(const std::string& directory) = 0;
};

Files& systemFiles();

}  // namespace gaia
