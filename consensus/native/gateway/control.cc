#include "gateway/control.h"

#include <utility>

#include "runtime/replica_text.h"
#include "runtime/state_report.h"

namespace gaia::gateway {
namespace {

constexpr std::uint64_t reportNs = 50'000'000;
constexpr std::uint64_t countNs = 2'000'000'000;

}  // namespace

void Control::fail(const std::string& message) { channel_.say(fatalLine(message)); }

void Control::serve(Gateway& gateway) {
  channel_.serve([&](std::string_view line) { obey(line, gateway); });
}

void Control::obey(std::string_view line, Gateway& gateway) {
  const auto words = split(line, ' ');
  std::uint8_t slot = 0;
  std::uint32_t member = 0;
  if (line == "stop") return gateway.stop();
  if (words.size() == 3 && words[0] == "remove" && parseNumber(words[1], &slot) && parseNumber(words[2], &member))
    return gateway.removeMember(slot, member);
  if (words.size() == 2 && words[0] == "transfer" && parseNumber(words[1], &member))
    return gateway.transferLeadership(member);
  channel_.say(refusedLine(std::string(line), "it is no order of this version"));
}

void Control::report(const Gateway& gateway, std::uint64_t nowNs) {
  if (!gateway.begun() || channel_.behind() || nowNs - reportedNs_ < reportNs) return;
  reportedNs_ = nowNs;
  if (!std::exchange(greeted_, true)) channel_.say(helloLine());
  channel_.offer(stateLine(gateway.status(), gateway.unexpected(), "gateway"), &state_);
  if (nowNs - countedNs_ < countNs) return;
  countedNs_ = nowNs;
  channel_.offer(metricsLine(gateway.metrics()), &metrics_);
}

}  // namespace gaia::gateway
