// What a member of a replicated guest tells its executor, and what that orders.
#pragma once
#include "runtime/executor_channel.h"
#include "vm/synchronisation.h"

namespace gaia::vm {

class Control {
 public:
  Control();
  void fail(const std::string& message);  // before the process ends: cause and remedy
  void addTo(std::vector<pollfd>* descriptors) const;
  void serve(std::span<const pollfd> ready, DataPlane& plane, Synchronisation& synchronisation);
  void report(DataPlane& plane, Synchronisation& synchronisation,
              std::uint64_t nowNs);  // what has changed

 private:
  void obey(std::string_view line, DataPlane& plane, Synchronisation& synchronisation);

  ExecutorChannel channel_;
  Roles roles_;                                   // as last looked at
  std::string guest_, state_, metrics_, frames_;  // as last said
  std::uint64_t reportedNs_ = 0, countedNs_ = 0;
};

}  // namespace gaia::vm
