#include "vm/relay/mapped_ram.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "transport/sys.h"

namespace gaia::relay {

MappedRam::~MappedRam() {
  if (!bytes_.empty()) munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

bool MappedRam::open(const std::string& path, std::string* error) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat file {};
  if (descriptor < 0 || fstat(descriptor, &file) != 0 || file.st_size == 0) {
    *error = "cannot use " + path +
             " as a guest's RAM: " + (descriptor >= 0 ? "it is empty" : sys::errorText(errno));
    if (descriptor >= 0) close(descriptor);
    return false;
  }
  const auto length = static_cast<std::size_t>(file.st_size);
  void* const base = mmap(nullptr, length, PROT_READ, MAP_SHARED, descriptor, 0);
  if (base == MAP_FAILED)
    *error = "cannot map " + path + ": " + sys::errorText(errno);
  else
    bytes_ = {static_cast<const std::byte*>(base), length};
  close(descriptor);
  return base != MAP_FAILED;
}

}  // namespace gaia::relay
