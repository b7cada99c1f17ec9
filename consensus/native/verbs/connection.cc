#include "verbs/connection.h"

#include <cerrno>
#include <cstdio>

#include "verbs/queue_pair.h"

namespace gaia::verbs {
namespace {

constexpr int resolveMs = 1000;

}  // namespace

bool OutboundConnection::failed(const char* what, int error) {
  explain(reason_, what, error);
  state_ = State::ended;
  return false;
}

bool OutboundConnection::start(rdma_event_channel* events, Address from, Address to, std::span<std::byte> buffer,
                               char* reason) {
  // An iWARP device writes the answer of a read as if it were a remote write.
  const int access = IBV_ACCESS_LOCAL_WRITE | (resources_.iwarp() ? IBV_ACCESS_REMOTE_WRITE : 0);
  buffer_ = ibv_reg_mr(resources_.domain, buffer.data(), buffer.size(), access);
  if (buffer_ == nullptr) {
    explain(reason, "the send buffer cannot be pinned; raise the limit of locked memory (ulimit -l)", errno);
    return false;
  }
  const bool asked = rdma_create_id(events, &id_, this, RDMA_PS_TCP) == 0 &&
                     rdma_resolve_addr(id_, from.any(), to.any(), resolveMs) == 0;
  if (!asked) explain(reason, "the member's address cannot be resolved", errno);
  return asked;
}

void OutboundConnection::take(const rdma_cm_event& event) {
  if (state_ == State::ended) return;
  switch (event.event) {
    case RDMA_CM_EVENT_ADDR_RESOLVED: addressFound(); break;
    case RDMA_CM_EVENT_ROUTE_RESOLVED: request(); break;
    case RDMA_CM_EVENT_ESTABLISHED: established(event); break;
    case RDMA_CM_EVENT_TIMEWAIT_EXIT: break;
    default: ended(event);
  }
}

bool OutboundConnection::addressFound() {
  if (id_->verbs != resources_.context) return failed("the way to the member is through another device", ENODEV);
  return rdma_resolve_route(id_, resolveMs) == 0 || failed("no route to the member", errno);
}

bool OutboundConnection::request() {
  const int inlineBytes = makeQueuePair(id_, resources_, sendQueueLength, reason_);
  if (inlineBytes < 0) {
    state_ = State::ended;
    return false;
  }
  limits_.work = sendQueueLength;
  limits_.inlineBytes = static_cast<std::size_t>(inlineBytes);
  // Not every kernel knows the option; its own time-out is then longer, never endless.
  std::uint8_t timeout = acknowledgeTimeoutLog;
  rdma_set_option(id_, RDMA_OPTION_ID, RDMA_OPTION_ID_ACK_TIMEOUT, &timeout, sizeof(timeout));
  rdma_conn_param parameters = connectionParameters(resources_, token_.data(), token_.size());
  return rdma_connect(id_, &parameters) == 0 || failed("the member cannot be asked for a connection", errno);
}

bool OutboundConnection::established(const rdma_cm_event& event) {
  if (event.param.conn.private_data_len < sizeof(Grant)) return failed("the member's answer is too short", EPROTO);
  std::memcpy(&grant_, event.param.conn.private_data, sizeof(grant_));
  ibv_qp_attr attributes{};
  ibv_qp_init_attr initial{};
  const int error = ibv_query_qp(id_->qp, &attributes, IBV_QP_MAX_QP_RD_ATOMIC, &initial);
  if (error != 0) return failed("the queue pair does not tell its limits", error);
  limits_.reads = std::max<std::size_t>(attributes.max_rd_atomic, 1);
  state_ = State::open;
  return true;
}

void OutboundConnection::ended(const rdma_cm_event& event) {
  state_ = State::ended;
  const bool refused = event.event == RDMA_CM_EVENT_REJECTED && event.param.conn.private_data_len != 0;
  const auto* said = static_cast<const char*>(event.param.conn.private_data);
  if (refused && said[0] != 0) {
    std::snprintf(reason_, reasonBytes, "the member refuses: %.*s", static_cast<int>(event.param.conn.private_data_len), said);
  } else {
    std::snprintf(reason_, reasonBytes, "%s (status %d)", rdma_event_str(event.event), event.status);
  }
}

// The key of the part that is written. Elsewhere this member may only read: the owner's device refuses such a write.
std::uint32_t OutboundConnection::keyFor(const Work& work) const {
  for (std::size_t i = 0; i < parts_.size() && !work.reads; i++) {
    if (parts_[i].contains(work.offset, work.length)) return grant_.writeKeys[i];
  }
  return grant_.readKey;
}

void OutboundConnection::fill(const Work& work, ibv_send_wr* request, ibv_sge* part) const {
  *part = {reinterpret_cast<std::uint64_t>(work.local), work.length, buffer_->lkey};
  *request = {};
  request->wr_id = std::uint64_t{number_} << 32 | work.id;
  request->sg_list = part;
  request->num_sge = 1;
  request->opcode = work.reads ? IBV_WR_RDMA_READ : IBV_WR_RDMA_WRITE;
  request->send_flags = (work.signalled ? IBV_SEND_SIGNALED : 0) | (work.inlined ? IBV_SEND_INLINE : 0);
  request->wr.rdma.remote_addr = grant_.base + work.offset;
  request->wr.rdma.rkey = keyFor(work);
}

bool OutboundConnection::post(std::span<const Work> batch) {
  ibv_send_wr requests[sendQueueLength];
  ibv_sge parts[sendQueueLength];
  if (state_ != State::open || batch.empty() || batch.size() > sendQueueLength) return false;
  for (std::size_t i = 0; i < batch.size(); i++) {
    fill(batch[i], &requests[i], &parts[i]);
    requests[i].next = i + 1 < batch.size() ? &requests[i + 1] : nullptr;
  }
  ibv_send_wr* refused = nullptr;
  const int error = ibv_post_send(id_->qp, requests, &refused);
  return error == 0 || failed("the device takes no work", error);
}

void OutboundConnection::release() {
  if (id_ != nullptr) endQueuePair(id_);
  if (buffer_ != nullptr) ibv_dereg_mr(buffer_);
  delete this;
}

}  // namespace gaia::verbs
