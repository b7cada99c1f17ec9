// The channel to the executor (ARCHITECTURE.md, "Control channel"): descriptor 3. Lines of JSON out, orders
// in.
#pragma once
#include <optional>

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
  void say(const std::string& line);
  void flush();
  void receive(DataPlane& plane, Synchronisation& synchronisation);
  void obey(std::string_view line, DataPlane& plane, Synchronisation& synchronisation);
  void offer(std::string line, std::string* last);

  int channel_ = -1;  // -1: there is no executor, or no more
  std::string received_;
  std::string unsent_;
  std::optional<GuestStatus> guest_;      // as last said
  std::string state_, metrics_, frames_;  // likewise
  std::uint64_t reportedNs_ = 0, countedNs_ = 0;
};

}  // namespace gaia::vm
