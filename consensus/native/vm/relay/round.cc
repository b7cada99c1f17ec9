#include "vm/relay/round.h"

#include <utility>
#include <vector>

namespace gaia::relay {

std::string toJson(const Round& round) {
  const std::vector<std::pair<const char*, std::uint64_t>> numbers = {
      {"number", round.number},
      {"dirtyPages", round.dirtyPages},
      {"unchangedPages", round.unchangedPages},
      {"zeroPages", round.zeroPages},
      {"equalPages", round.equalPages},
      {"sentPages", round.sentPages},
      {"wholePages", round.wholePages},
      {"againPages", round.againPages},
      {"stateBytes", round.stateBytes},
      {"stateSentBytes", round.stateSentBytes},
      {"streamBytes", round.streamBytes},
      {"toBackupBytes", round.toBackupBytes},
      {"toPrimaryBytes", round.toPrimaryBytes},
      {"pauseUs", round.pauseNs / 1000},
      {"coverUs", round.coverNs / 1000}};
  std::string json = "{\"type\":\"round\",\"trigger\":\"" + round.trigger +
                     "\",\"sleeps\":" + (round.sleeps ? "true" : "false");
  for (const auto& [name, value] : numbers) json += ",\"" + std::string(name) + "\":" + std::to_string(value);
  return json + "}";
}

}  // namespace gaia::relay
