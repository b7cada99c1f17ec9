// Making and ending the queue pair of a connection-manager id; both sides of a connection use it.
#pragma once
#include "verbs/rdma.h"

namespace gaia::verbs {

// `sends`: room for outstanding work. Gives back how many bytes the device takes inline; negative and `reason` on failure.
int makeQueuePair(rdma_cm_id* id, const Resources& resources, std::size_t sends, char* reason);

// Also ends the id. When it returns the device executes nothing of this queue pair any more.
void endQueuePair(rdma_cm_id* id);

rdma_conn_param connectionParameters(const Resources& resources, const void* privateData, std::size_t bytes);

}  // namespace gaia::verbs
