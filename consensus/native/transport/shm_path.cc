#include "transport/shm_path.h"

#include <sys/mman.h>

#include <cerrno>

#include "transport/sys.h"

namespace gaia {

ShmPath::~ShmPath() { sys::unmap(memory_, bytes_); }

bool ShmPath::open(int descriptor, std::size_t bytes) {
  if (memory_ != nullptr) return true;
  memory_ = sys::mapFar(descriptor, bytes_ = bytes);
  if (memory_ == nullptr) failure_ = "cannot map the member's memory: " + sys::errorText(errno);
  else madvise(memory_, bytes, MADV_DONTFORK);
  return memory_ != nullptr;
}

void ShmPath::write(std::size_t offset, std::span<const std::byte> bytes) {
  placeBytes(memory_ + offset, bytes.data(), bytes.size());
}

void ShmPath::read(std::size_t offset, std::size_t length) {
  std::vector<std::byte>& answer = answers_.pushSlot();
  answer.resize(length);
  fetchBytes(answer.data(), memory_ + offset, length);
}

bool ShmPath::poll(std::span<const std::byte>* answer) {
  if (answers_.empty()) return false;
  std::swap(current_, answers_.front());
  answers_.pop();
  *answer = current_;
  return true;
}

}  // namespace gaia
