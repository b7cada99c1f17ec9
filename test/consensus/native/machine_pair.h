// A channel whose owner is a process of another machine (test/rdma/channel_owner.cc), reached at GAIA_VERBS_PEER.
#pragma once
#include <cstdlib>

#include "channel_pair.h"

namespace gaia::test {

// "host:port", where each connection gets an owner of its own; empty: there is none.
inline std::string verbsPeer() {
  const char* peer = std::getenv("GAIA_VERBS_PEER");
  return peer == nullptr ? "" : peer;
}

std::unique_ptr<ChannelPair> makeMachinePair(std::string* reason);

}  // namespace gaia::test
