#include "vm/control.h"

#include <sys/un.h>
#include <unistd.h>

#include "runtime/replica_text.h"
#include "runtime/state_report.h"

namespace gaia::vm {
namespace {

constexpr int executorDescriptor = 3;
constexpr std::uint64_t reportNs = 50'000'000;
constexpr std::uint64_t countNs = 2'000'000'000;
constexpr std::size_t commandBytesMax = 4096;
constexpr std::size_t unsentBytesMax = 1u << 20;  // an executor that reads nothing for minutes

const char* nameOf(OutputGuard::Want want) {
  switch (want) {
    case OutputGuard::Want::mismatch:
      return "\"mismatch\"";
    case OutputGuard::Want::full:
      return "\"full\"";
    case OutputGuard::Want::idle:
      return "\"idle\"";
    case OutputGuard::Want::waiting:
      return "\"waiting\"";
    case OutputGuard::Want::nothing:
      break;
  }
  return "null";
}

const char* wanted(const GuestStatus& guest) {
  const bool forDiskAlone = guest.want == OutputGuard::Want::nothing && guest.diskDue;
  return forDiskAlone ? "\"disk\"" : nameOf(guest.want);
}

std::string field(const char* name, std::uint64_t value) {
  return std::string(",\"") + name + "\":" + std::to_string(value);
}

std::string flag(const char* name, bool value) {
  return std::string(",\"") + name + "\":" + (value ? "true" : "false");
}

std::string guestLine(const GuestStatus& guest) {
  return "{\"type\":\"guest\"" + field("epoch", guest.roles.epoch) + field("primary", guest.roles.primary) +
         field("backup", guest.roles.backup) + flag("connected", guest.connected) + field("cut", guest.cut) +
         flag("drained", guest.drained) + field("round", guest.round) + ",\"roundWanted\":" + wanted(guest) +
         "}\n";
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

Control::Control() {
  sockaddr_un address{};
  socklen_t length = sizeof address;
  const bool socket = getsockname(executorDescriptor, reinterpret_cast<sockaddr*>(&address), &length) == 0;
  if (socket && address.sun_family == AF_UNIX) channel_ = executorDescriptor;
  say(helloLine());
}

// The executor may be slow to read, and clients must not wait for it. A line is said whole or not at all:
// half of one would spoil the next, too.
void Control::say(const std::string& line) {
  if (channel_ < 0 || unsent_.size() > unsentBytesMax) return;
  unsent_ += line;
  flush();
}

void Control::flush() {
  ssize_t sent = 0;
  while (!unsent_.empty() &&
         (sent = send(channel_, unsent_.data(), unsent_.size(), MSG_NOSIGNAL | MSG_DONTWAIT)) > 0)
    unsent_.erase(0, static_cast<std::size_t>(sent));
}

void Control::fail(const std::string& message) { say(fatalLine(message)); }

void Control::offer(std::string line, std::string* last) {
  if (line != *last) say(line);
  *last = std::move(line);
}

void Control::addTo(std::vector<pollfd>* descriptors) const {
  const int out = unsent_.empty() ? 0 : POLLOUT;
  if (channel_ >= 0) descriptors->push_back({channel_, static_cast<short>(POLLIN | out), 0});
}

void Control::serve(std::span<const pollfd> ready, DataPlane& plane, Synchronisation& synchronisation) {
  for (const pollfd& entry : ready) {
    if (entry.fd != channel_ || entry.revents == 0) continue;
    flush();
    return receive(plane, synchronisation);
  }
}

void Control::receive(DataPlane& plane, Synchronisation& synchronisation) {
  char part[1024];
  const ssize_t got = recv(channel_, part, sizeof part, MSG_DONTWAIT);
  if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
    ::close(channel_);  // the executor is gone; the guest goes on serving
    channel_ = -1;
    unsent_.clear();
  }
  if (got > 0) received_.append(part, static_cast<std::size_t>(got));
  for (std::size_t end; (end = received_.find('\n')) != std::string::npos; received_.erase(0, end + 1))
    obey(std::string_view(received_).substr(0, end), plane, synchronisation);
  if (received_.size() > commandBytesMax) received_.clear();
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
  else if (words.size() == 2 && order == "trigger")
    refusal = synchronisation.trigger(std::string(words[1]));
  else if (line == "part")
    refusal = synchronisation.part();
  if (!refusal.empty()) say(refusedLine(std::string(line), refusal));
}

void Control::report(DataPlane& plane, Synchronisation& synchronisation, std::uint64_t nowNs) {
  for (const auto& line : synchronisation.takeLines()) say(line);
  if (!unsent_.empty()) return;  // what follows is told as it is once the executor has heard all before
  GuestStatus guest = plane.guestStatus();
  guest.diskDue = synchronisation.diskDue();
  if (guest != guest_) {  // at once: rounds wait for it
    guest_ = guest;
    say(guestLine(guest));
  }
  if (const auto takeover = plane.takeTakeover()) say(takeoverLine(*takeover));
  if (nowNs - reportedNs_ < reportNs) return;
  reportedNs_ = nowNs;
  offer(stateLine(plane.status()), &state_);
  if (nowNs - countedNs_ < countNs) return;
  countedNs_ = nowNs;
  offer(metricsLine(plane.metrics()), &metrics_);
  offer(framesLine(plane.counts()), &frames_);
}

}  // namespace gaia::vm
