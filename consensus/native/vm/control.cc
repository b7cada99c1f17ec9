#include "vm/control.h"

#include "runtime/replica_text.h"
#include "runtime/state_report.h"

namespace gaia::vm {
namespace {

constexpr std::uint64_t reportNs = 50'000'000;
constexpr std::uint64_t countNs = 2'000'000'000;

std::string field(const char* name, std::uint64_t value) {
  return std::string(",\"") + name + "\":" + std::to_string(value);
}

std::string flag(const char* name, bool value) {
  return std::string(",\"") + name + "\":" + (value ? "true" : "false");
}

std::string guestLine(const GuestStatus& guest, const char* wanted) {
  return "{\"type\":\"guest\"" + field("epoch", guest.roles.epoch) + field("primary", guest.roles.primary) +
         field("backup", guest.roles.backup) + flag("connected", guest.connected) + field("cut", guest.cut) +
         flag("drained", guest.drained) + field("round", guest.round) + ",\"roundWanted\":" +
         (wanted == nullptr ? "null" : '"' + std::string(wanted) + '"') + "}\n";
}

std::string framesLine(const FrameCounts& counts) {
  return "{\"type\":\"frames\"" + field("inputs", counts.inputs) + field("outputs", counts.outputs) +
         field("lost", counts.lost) + field("equalOutputs", counts.equal) +
         field("mismatches", counts.mismatches) + field("heldBytes", counts.heldBytes) +
         field("unheardMs", counts.unheardMs) + "}\n";
}

std::string takeoverLine(const Takeover& takeover) {
  return "{\"type\":\"takeover\"" + field("epoch", takeover.epoch) +
         field("suspectedMs", takeover.suspectedMs) + field("electedMs", takeover.electedMs) +
         field("primaryMs", takeover.primaryMs) + field("outputMs", takeover.outputMs) + "}\n";
}

}  // namespace

Control::Control() { channel_.say(helloLine()); }

void Control::fail(const std::string& message) { channel_.say(fatalLine(message)); }

void Control::addTo(std::vector<pollfd>* descriptors) const {
  const int out = channel_.behind() ? POLLOUT : 0;
  if (channel_.descriptor() >= 0)
    descriptors->push_back({channel_.descriptor(), static_cast<short>(POLLIN | out), 0});
}

void Control::serve(std::span<const pollfd> ready, DataPlane& plane, Synchronisation& synchronisation) {
  const auto obeyLine = [&](std::string_view line) { obey(line, plane, synchronisation); };
  for (const pollfd& entry : ready)
    if (entry.fd == channel_.descriptor() && entry.revents != 0) return channel_.serve(obeyLine);
}

void Control::obey(std::string_view line, DataPlane& plane, Synchronisation& synchronisation) {
  const auto words = split(line, ' ');
  std::uint64_t number = 0, second = 0;
  std::uint16_t port = 0;
  const bool one = words.size() == 2 && parseNumber(words[1], &number);
  const bool two = words.size() == 3 && parseNumber(words[1], &number) && parseNumber(words[2], &second);
  const std::string_view order = words[0];
  std::string refusal = "it is no order of this version";
  if (line == "stop") return plane.stop();
  if (line == "seeded") return plane.seeded();
  if (two && order == "remove")
    refusal = plane.removeMember(static_cast<std::uint8_t>(number), static_cast<std::uint32_t>(second));
  else if (one && order == "transfer")
    refusal = plane.transferLeadership(static_cast<std::uint32_t>(number));
  else if (one && order == "backup")
    refusal = plane.setBackup(static_cast<std::uint32_t>(number));
  else if (one && order == "cut")
    refusal = plane.cut(number);
  else if (one && order == "committed")
    refusal = plane.committed(number);
  else if (words.size() == 3 && order == "committed" && parseNumber(words[1], &number) &&
           words[2] == "asleep")
    refusal = plane.committed(number, true);
  else if (one && order == "abandoned")
    refusal = plane.abandoned(number);
  else if (line == "listen")
    refusal = synchronisation.listen();
  else if (words.size() == 4 && order == "dial" && parseNumber(words[1], &number) &&
           parseNumber(words[3], &port))
    refusal = synchronisation.dial(static_cast<std::uint32_t>(number), std::string(words[2]), port);
  else if (words.size() == 2 && order == "round")
    refusal = synchronisation.round(std::string(words[1]));
  else if (line == "part")
    refusal = synchronisation.part();
  if (!refusal.empty()) channel_.say(refusedLine(std::string(line), refusal));
}

void Control::report(DataPlane& plane, Synchronisation& synchronisation, std::uint64_t nowNs) {
  const bool due = nowNs - reportedNs_ >= reportNs;
  if (due || synchronisation.urgent())
    for (const auto& line : synchronisation.takeLines()) channel_.say(line);
  if (channel_.behind()) return;  // what follows is told as it is once the executor has heard all before
  const GuestStatus guest = plane.guestStatus();
  if (due || guest.roles != roles_) channel_.offer(guestLine(guest, synchronisation.wanted(guest)), &guest_);
  roles_ = guest.roles;
  if (const auto takeover = plane.takeTakeover()) channel_.say(takeoverLine(*takeover));
  if (!due) return;
  reportedNs_ = nowNs;
  channel_.offer(stateLine(plane.status(), "{}", "vm"), &state_);
  if (nowNs - countedNs_ < countNs) return;
  countedNs_ = nowNs;
  channel_.offer(metricsLine(plane.metrics()), &metrics_);
  channel_.offer(framesLine(plane.counts()), &frames_);
}

}  // namespace gaia::vm
