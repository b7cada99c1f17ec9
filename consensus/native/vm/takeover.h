// How long a fail-over took, as the new primary sees it, part by part: pure.
#pragma once
#include <cstdint>
#include <optional>

namespace gaia::vm {

// All but `epoch` in milliseconds since the former primary was heard last.
struct Takeover {
  std::uint64_t epoch = 0;        // that it began
  std::uint64_t suspectedMs = 0;  // somebody stood for election
  std::uint64_t electedMs = 0;    // this member led the log
  std::uint64_t primaryMs = 0;    // the log had it as the primary
  std::uint64_t outputMs = 0;     // its guest said something
  bool operator==(const Takeover&) const = default;
};

class TakeoverWatch {
 public:
  // What a member that is not the primary sees. `heardNs`: of the primary, last; 0: never.
  void sees(bool primaryLeads, bool leadsItself, std::uint64_t heardNs, std::uint64_t nowNs);
  // The log has made this member the primary, after another one.
  void becamePrimary(std::uint64_t epoch, std::uint64_t nowNs);
  // The guest says something. The takeover, when it is the first.
  std::optional<Takeover> output(std::uint64_t nowNs);

 private:
  struct Times {
    std::uint64_t heardNs = 0, suspectedNs = 0, electedNs = 0, primaryNs = 0;
  };
  Times times_;
  std::uint64_t epoch_ = 0;
};

}  // namespace gaia::vm
