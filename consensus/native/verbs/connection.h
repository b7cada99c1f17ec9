// The writer's side of one connection: address, route, queue pair, request; then work.
#pragma once
#include "verbs/rdma.h"

namespace gaia::verbs {

class OutboundConnection final : public Connection {
 public:
  OutboundConnection(const Resources& resources, const Region& region, std::uint8_t slot, std::uint32_t number,
                     const Token& token)
      : resources_(resources), parts_(region.writableParts(slot)), number_(number), token_(token) {}
  bool start(rdma_event_channel* events, Address from, Address to, std::span<std::byte> buffer, char* reason);
  void take(const rdma_cm_event& event);

  State state() const override { return state_; }
  std::uint32_t number() const override { return number_; }
  const char* reason() const override { return reason_; }
  WorkLimits limits() const override { return limits_; }
  bool post(std::span<const Work> batch) override;
  void release() override;

 private:
  bool addressFound();
  bool request();
  bool established(const rdma_cm_event& event);
  void ended(const rdma_cm_event& event);
  std::uint32_t keyFor(const Work& work) const;
  void fill(const Work& work, ibv_send_wr* request, ibv_sge* part) const;
  bool failed(const char* what, int error);

  const Resources& resources_;
  Region::Parts parts_;  // at the owner: regions of one group have one layout
  std::uint32_t number_;
  Token token_;
  State state_ = State::connecting;
  rdma_cm_id* id_ = nullptr;
  ibv_mr* buffer_ = nullptr;
  Grant grant_;
  WorkLimits limits_;
  char reason_[reasonBytes] = "";
};

}  // namespace gaia::verbs
