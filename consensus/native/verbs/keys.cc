#include "verbs/keys.h"

#include <cerrno>

namespace gaia::verbs {

Keys::~Keys() {
  for (ibv_mr* registration : all_) ibv_dereg_mr(registration);
}

// Never with relaxed ordering: a record's bytes must lie there before the claims behind them are read (W1).
ibv_mr* Keys::add(std::size_t offset, std::size_t bytes, int access, char* reason) {
  ibv_mr* registration = ibv_reg_mr(resources_.domain, region_.base() + offset, bytes, access);
  if (registration != nullptr) all_.push_back(registration);
  else if (errno == ENOMEM) explain(reason, "the region cannot be pinned; raise the limit of locked memory (ulimit -l)", errno);
  else explain(reason, "the region cannot be registered", errno);
  return registration;
}

bool Keys::open(char* reason) {
  const ibv_mr* whole = add(0, region_.bytes(), IBV_ACCESS_REMOTE_READ, reason);
  if (whole != nullptr) readKey_ = whole->rkey;
  return whole != nullptr;
}

bool Keys::grant(std::uint8_t slot, Grant* grant, char* reason) {
  Grant& kept = grants_[slot];
  if (!granted_[slot]) {
    kept.base = reinterpret_cast<std::uint64_t>(region_.base());
    kept.readKey = readKey_;
    const Region::Parts parts = region_.writableParts(slot);
    for (std::size_t i = 0; i < parts.size(); i++) {
      const int access = IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE;
      const ibv_mr* part = add(parts[i].offset, parts[i].bytes, access, reason);
      if (part == nullptr) return false;
      kept.writeKeys[i] = part->rkey;
    }
    granted_[slot] = true;
  }
  *grant = kept;
  return true;
}

}  // namespace gaia::verbs
