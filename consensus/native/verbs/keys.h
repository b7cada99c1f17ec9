// The registrations of this member's region: all of it for reading, and per slot the parts its member may write. The
// network card itself refuses everything else.
#pragma once
#include <vector>

#include "verbs/rdma.h"

namespace gaia::verbs {

class Keys {
 public:
  Keys(const Resources& resources, const Region& region) : resources_(resources), region_(region) {}
  ~Keys();
  Keys(const Keys&) = delete;
  Keys& operator=(const Keys&) = delete;
  bool open(char* reason);                                    // registers the region for reading
  bool grant(std::uint8_t slot, Grant* grant, char* reason);  // registers the slot's parts when they are first wanted

 private:
  ibv_mr* add(std::size_t offset, std::size_t bytes, int access, char* reason);

  const Resources& resources_;
  Region region_;
  std::vector<ibv_mr*> all_;
  Grant grants_[slotsMax];
  bool granted_[slotsMax] = {};
  std::uint32_t readKey_ = 0;
};

}  // namespace gaia::verbs
