// rdma-core, with the few things all of this library needs from it.
#pragma once
#include <infiniband/verbs.h>
#include <rdma/rdma_cma.h>

#include "transport/verbs_library.h"

namespace gaia::verbs {

constexpr int acknowledgeTimeoutLog = 14;  // 4.096 us << 14: 67 ms for one attempt
constexpr int retriesMax = 6;              // half a second in all; Soft-RoCE takes 7 for "for ever"
constexpr std::size_t sendQueueLength = 128;
constexpr int completionQueueLength = 4096;  // all links' send queues: a queue pair that ends returns all of its work
constexpr int readsInFlightMax = 16;

// Writes "what: why" into `reason` (of reasonBytes); `error` as in errno.
void explain(char* reason, const char* what, int error);

struct Address {
  sockaddr_storage storage{};
  sockaddr* any() { return reinterpret_cast<sockaddr*>(&storage); }
};
bool parseAddress(const char* host, std::uint16_t port, Address* address);

// What an owner hands to one member when it accepts: where its region lies, and the keys to read all of it and to
// write the parts of that member's slot.
struct Grant {
  std::uint64_t base = 0;
  std::uint32_t readKey = 0;
  std::uint32_t writeKeys[std::tuple_size_v<Region::Parts>] = {};
};
static_assert(sizeof(Grant) <= 56);  // fits into the private data of every kind of answer

// What queue pairs are made of.
struct Resources {
  ibv_context* context = nullptr;
  ibv_pd* domain = nullptr;
  ibv_comp_channel* completionChannel = nullptr;
  ibv_cq* completions = nullptr;
  ibv_device_attr attributes{};
  bool iwarp() const { return context->device->transport_type == IBV_TRANSPORT_IWARP; }
};

// One depth for both directions: what this device bears as reader and as owner.
inline std::uint8_t readDepth(const Resources& resources) {
  const int device = std::min(resources.attributes.max_qp_rd_atom, resources.attributes.max_qp_init_rd_atom);
  return static_cast<std::uint8_t>(std::clamp(device, 1, readsInFlightMax));
}

}  // namespace gaia::verbs
