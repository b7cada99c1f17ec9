#include "verbs/listener.h"

#include <cerrno>

#include "verbs/queue_pair.h"

namespace gaia::verbs {
namespace {

constexpr int backlog = 16;

}  // namespace

Listener::~Listener() {
  for (const Inbound& inbound : inbound_) endQueuePair(inbound.id);
}

bool Listener::listen(char* reason) {
  if (rdma_listen(id_, backlog) != 0) {
    explain(reason, "cannot listen for RDMA connections", errno);
    return false;
  }
  port_ = ntohs(rdma_get_src_port(id_));
  return true;
}

void Listener::serve(Doorkeeper& doorkeeper) {
  rdma_cm_event* event = nullptr;
  while (rdma_get_cm_event(id_->channel, &event) == 0) {
    const rdma_cm_event_type type = event->event;
    rdma_cm_id* id = event->id;
    rdma_conn_param asked = event->param.conn;
    Token token{};
    const bool shown = type == RDMA_CM_EVENT_CONNECT_REQUEST && asked.private_data_len >= token.size();
    if (shown) std::memcpy(token.data(), asked.private_data, token.size());
    rdma_ack_cm_event(event);  // before the id is ended: that waits for it
    if (type == RDMA_CM_EVENT_CONNECT_REQUEST) answer(id, asked, token, doorkeeper);
    else if (id == id_) removed_ = removed_ || type == RDMA_CM_EVENT_DEVICE_REMOVAL;
    else if (type != RDMA_CM_EVENT_ESTABLISHED && type != RDMA_CM_EVENT_TIMEWAIT_EXIT) ended(id, doorkeeper);
  }
}

void Listener::answer(rdma_cm_id* caller, const rdma_conn_param& asked, const Token& token, Doorkeeper& doorkeeper) {
  char reason[reasonBytes] = "it knows no session with this token";
  std::uint8_t slot = 0;
  std::uint64_t session = 0;
  const bool known = doorkeeper.admit(token, &slot, &session);
  if (known) drop(session);
  if (known && accept(caller, asked, slot, reason)) return inbound_.push_back({session, caller});
  rdma_reject(caller, reason, static_cast<std::uint8_t>(std::strlen(reason) + 1));
  endQueuePair(caller);
}

bool Listener::accept(rdma_cm_id* caller, const rdma_conn_param& asked, std::uint8_t slot, char* reason) {
  Grant grant;
  if (!keys_.grant(slot, &grant, reason) || makeQueuePair(caller, resources_, 1, reason) < 0) return false;
  rdma_conn_param parameters = connectionParameters(resources_, &grant, sizeof(grant));
  parameters.responder_resources = std::min(parameters.responder_resources, asked.responder_resources);
  parameters.initiator_depth = std::min(parameters.initiator_depth, asked.initiator_depth);
  if (rdma_accept(caller, &parameters) == 0) return true;
  explain(reason, "the connection cannot be accepted", errno);
  return false;
}

void Listener::drop(std::uint64_t session) {
  std::erase_if(inbound_, [&](const Inbound& inbound) {
    if (inbound.session != session) return false;
    endQueuePair(inbound.id);
    return true;
  });
}

void Listener::ended(const rdma_cm_id* id, Doorkeeper& doorkeeper) {
  for (const Inbound& inbound : inbound_) {
    if (inbound.id != id) continue;
    const std::uint64_t session = inbound.session;
    drop(session);
    return doorkeeper.left(session);
  }
}

}  // namespace gaia::verbs
