#include "verbs/queue_pair.h"

#include <cerrno>

namespace gaia::verbs {

// Devices differ in how many bytes they take inline and refuse more instead of telling their limit.
int makeQueuePair(rdma_cm_id* id, const Resources& resources, std::size_t sends, char* reason) {
  for (const std::uint32_t inlineBytes : {220u, 92u, 0u}) {
    ibv_qp_init_attr attributes{};
    attributes.qp_type = IBV_QPT_RC;
    attributes.send_cq = attributes.recv_cq = resources.completions;
    attributes.cap.max_send_wr = static_cast<std::uint32_t>(sends);
    attributes.cap.max_recv_wr = attributes.cap.max_send_sge = attributes.cap.max_recv_sge = 1;
    attributes.cap.max_inline_data = inlineBytes;
    if (rdma_create_qp(id, resources.domain, &attributes) == 0) return static_cast<int>(attributes.cap.max_inline_data);
  }
  explain(reason, "no queue pair can be made", errno);
  return -1;
}

void endQueuePair(rdma_cm_id* id) {
  if (id->qp != nullptr) {
    rdma_disconnect(id);
    rdma_destroy_qp(id);
  }
  rdma_destroy_id(id);
}

rdma_conn_param connectionParameters(const Resources& resources, const void* privateData, std::size_t bytes) {
  rdma_conn_param parameters{};
  parameters.private_data = privateData;
  parameters.private_data_len = static_cast<std::uint8_t>(bytes);
  parameters.responder_resources = parameters.initiator_depth = readDepth(resources);
  parameters.flow_control = 1;
  parameters.retry_count = retriesMax;
  return parameters;
}

}  // namespace gaia::verbs
