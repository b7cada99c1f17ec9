// What a gateway tells its executor, and what that orders: the same as with an interposed program.
#pragma once
#include "gateway/gateway.h"
#include "runtime/executor_channel.h"

namespace gaia::gateway {

class Control {
 public:
  int descriptor() const { return channel_.descriptor(); }
  void fail(const std::string& message);  // before the process ends: cause and remedy
  void serve(Gateway& gateway);
  void report(const Gateway& gateway, std::uint64_t nowNs);

 private:
  void obey(std::string_view line, Gateway& gateway);

  ExecutorChannel channel_;
  bool greeted_ = false;
  std::string state_, metrics_;  // as last said
  std::uint64_t reportedNs_ = 0, countedNs_ = 0;
};

}  // namespace gaia::gateway
