#include "transport/shm_path.h"

#include <sys/mman.h>

#include <cerrno>

#include "transport/sys.h"

namespace gaia {

ShmPath::~ShmPath() { unmap(); }

void ShmPath::unmap() {
  if (memory_) sys::unmap(memory_->base(), memory_->bytes());
  memory_.reset();
}

bool ShmPath::open(int descriptor, std::size_t ringBytes, Durability durability, std::uint64_t life) {
  if (memory_ && life == life_) return true;
  unmap();
  if (descriptor < 0) {  // as when this process may have no more: what is written elsewhere nobody would ever see
    failure_ = "the member's memory did not come with its welcome; this process may be at its limit of open files";
    return false;
  }
  const std::size_t bytes = Region::bytesFor(ringBytes, durability);
  std::byte* const base = sys::mapFar(descriptor, bytes);
  if (base == nullptr) {
    failure_ = "cannot map the member's memory: " + sys::errorText(errno);
    return false;
  }
  madvise(base, bytes, MADV_DONTFORK);
  memory_.emplace(base, ringBytes, durability);
  life_ = life;
  return true;
}

void ShmPath::write(std::size_t offset, std::span<const std::byte> bytes) {
  unheard_ = unheard_ || (memory_->durable() && Region::mustBeKept(offset));
  placeBytes(memory_->base() + offset, bytes.data(), bytes.size());
}

void ShmPath::read(std::size_t offset, std::size_t length) {
  std::vector<std::byte>& answer = answers_.pushSlot();
  answer.resize(length);
  fetchBytes(answer.data(), memory_->base() + offset, length);
}

// Nobody tells the owner's disk thread otherwise.
void ShmPath::flush() {
  if (!unheard_) return;
  unheard_ = false;
  memory_->bell().fetch_add(1, std::memory_order_release);
  sys::futexWakeShared(memory_->bell());
}

bool ShmPath::poll(std::span<const std::byte>* answer) {
  if (answers_.empty()) return false;
  std::swap(current_, answers_.front());
  answers_.pop();
  *answer = current_;
  return true;
}

}  // namespace gaia
