#include "runtime/state_report.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>

namespace gaia {

namespace {

std::string quote(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    char escaped[8];
    if (c == '"' || c == '\\')
      (out += '\\') += c;
    else if (static_cast<unsigned char>(c) >= 0x20)
      out += c;
    else
      out.append(escaped, static_cast<std::size_t>(snprintf(escaped, sizeof escaped, "\\u%04x", c)));
  }
  return out += '"';
}

std::string field(const char* name, std::uint64_t value) { return quote(name) + ":" + std::to_string(value); }

const char* roleName(Role role) {
  switch (role) {
    case Role::leader:
      return "leader";
    case Role::candidate:
      return "candidate";
    case Role::follower:
      return "follower";
    case Role::learner:
      return "learner";
  }
  return "follower";
}

std::string memberJson(const Member& member) {
  return "{" + field("slot", member.slot) + "," + field("member", member.number) +
         ",\"host\":" + quote(member.host) + "," + field("consensusPort", member.consensusPort) + "," +
         field("servicePort", member.servicePort) + "}";
}

std::string peerJson(const PeerStatus& peer) {
  return "{" + field("member", peer.member.number) + ",\"connected\":" + (peer.connected ? "true" : "false") +
         ",\"transport\":" + quote(peer.transport) + ",\"transportReason\":" + quote(peer.transportReason) +
         "," + field("appliedIndex", peer.applied) + "}";
}

template <typename Item>
std::string list(const std::vector<Item>& items, std::string (*toJson)(const Item&)) {
  std::string out = "[";
  for (const Item& item : items) {
    if (out.size() > 1) out += ',';
    out += toJson(item);
  }
  return out += ']';
}

std::string histogramJson(const Histogram& histogram) {
  std::string buckets;
  for (std::size_t i = 0; i < Histogram::bucketCount; i++) {
    if (histogram.inBucket(i) == 0) continue;
    if (!buckets.empty()) buckets += ',';
    buckets += "[" + std::to_string(Histogram::upperBound(i)) + "," + std::to_string(histogram.inBucket(i)) + "]";
  }
  return "{" + field("count", histogram.count()) + "," + field("sum", histogram.sum()) + ",\"buckets\":[" +
         buckets + "]}";
}

std::string refusalsJson(const RefusalCounts& counts) {
  std::string out;
  for (std::size_t i = 0; i < counts.size(); i++) {
    if (counts[i] == 0) continue;
    if (!out.empty()) out += ',';
    out += field(refusalNames[i], counts[i]);
  }
  return "{" + out + "}";
}

std::string textOrNull(const std::string& text) { return text.empty() ? "null" : quote(text); }

std::string joiningJson(const Status& status) {
  if (!status.joining) return "null";
  return "{" + field("provider", status.joining->provider) + "," + field("bytesDone", status.joining->bytesDone) + "," +
         field("bytesTotal", status.joining->bytesTotal) + "}";
}

std::string persistedJson(const Status& status) {
  return status.durability == Durability::disk ? std::to_string(status.disk.persisted) : "null";
}

std::string hexJson(const std::vector<std::byte>& bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string hex;
  for (const std::byte byte : bytes) {
    hex += digits[std::to_integer<unsigned>(byte) >> 4];
    hex += digits[std::to_integer<unsigned>(byte) & 15];
  }
  return quote(hex);
}

std::string differenceJson(const OutputDifference& difference) {
  return "{\"connection\":" + (difference.connection ? std::to_string(*difference.connection) : "null") + "," +
         field("fromByte", difference.fromByte) + ",\"here\":" + hexJson(difference.here) +
         ",\"there\":" + (difference.there ? hexJson(*difference.there) : "null") + "," +
         field("clockCallsHere", difference.clockCallsHere) + "," + field("clockCallsThere", difference.clockCallsThere) + "}";
}

std::string divergenceJson(const Status& status) {
  if (!status.diverged) return "null";
  const auto& difference = status.divergence.difference;
  return "{" + field("index", status.divergence.index) + "," + field("otherMember", status.divergence.otherMember) +
         ",\"difference\":" + (difference ? differenceJson(*difference) : "null") + "}";
}

}  // namespace

std::string stateLine(const Status& status, const std::string& unexpected, const char* label) {
  if (label == nullptr) label = unexpected == "{}" ? "exact" : "checked";
  const Index lag = status.committed > status.applied ? status.committed - status.applied : 0;
  return "{\"type\":\"state\",\"role\":" + quote(roleName(status.role)) + "," + field("term", status.term) +
         "," + field("leader", status.leader) + "," + field("appliedIndex", status.applied) + "," +
         field("committedIndex", status.committed) + "," + field("lagEntries", lag) + "," +
         field("configurationIndex", status.configurationIndex) +
         ",\"configuration\":" + list(status.configuration, memberJson) +
         ",\"peers\":" + list(status.peers, peerJson) +
         ",\"label\":" + quote(label) + ",\"unexpected\":" + unexpected +
         ",\"divergence\":" + divergenceJson(status) +
         ",\"journalError\":" + textOrNull(status.journalError) +
         ",\"diskError\":" + textOrNull(status.disk.error) + ",\"persistedIndex\":" + persistedJson(status) + "," +
         field("journalFrom", status.journalFrom) + "," + field("journalTo", status.journalTo) +
         "," + field("snapshotIndex", status.snapshotIndex) + ",\"snapshotError\":" + textOrNull(status.snapshotError) +
         ",\"joining\":" + joiningJson(status) + "}\n";
}

std::string metricsLine(const Metrics& metrics) {
  return "{\"type\":\"metrics\",\"commitLatencyNs\":" + histogramJson(metrics.commitLatencyNs) +
         ",\"batchEntries\":" + histogramJson(metrics.batchEntries) +
         ",\"batchBytes\":" + histogramJson(metrics.batchBytes) + "," + field("elections", metrics.elections) +
         "," + field("divergences", metrics.divergences) + "," +
         "\"refusedConnections\":" + refusalsJson(metrics.refusedConnections) + "," +
         field("journalBytes", metrics.journalBytes) + "}\n";
}

// The kernel's number: in an interposed program getpid(2) answers with a replicated one.
std::string helloLine() { return "{\"type\":\"hello\"," + field("pid", static_cast<std::uint64_t>(syscall(SYS_getpid))) + "}\n"; }

std::string refusedLine(const std::string& order, const std::string& message) {
  return "{\"type\":\"refused\",\"order\":" + quote(order) + ",\"message\":" + quote(message) + "}\n";
}

std::string fatalLine(const std::string& message) {
  return "{\"type\":\"fatal\",\"message\":" + quote(message) + "}\n";
}

}  // namespace gaia
