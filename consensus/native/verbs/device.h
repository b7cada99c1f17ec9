// One RDMA device as one member uses it: its resources, its listener, its connections, one completion queue for all.
#pragma once
#include <memory>

#include "verbs/connection.h"
#include "verbs/listener.h"

namespace gaia::verbs {

class OpenedDevice final : public Device {
 public:
  OpenedDevice(const Region& region, std::uint8_t slot) : region_(region), slot_(slot), keys_(std::make_unique<Keys>(resources_, region)) {}
  ~OpenedDevice();
  bool open(Address address, const Descriptors& descriptors, char* reason);

  std::uint16_t port() const override { return listener_->port(); }
  bool removed() const override { return listener_->removed(); }
  int inboundDescriptor() const override { return inbound_->fd; }
  void serve(Doorkeeper& doorkeeper) override;
  void drop(std::uint64_t session) override { listener_->drop(session); }
  Connection* connect(const char* host, std::uint16_t port, const Token& token, std::span<std::byte> buffer,
                      char* reason) override;
  int outboundDescriptor() const override { return outbound_->fd; }
  void step() override;
  std::size_t poll(std::span<Done> done) override;
  int completionDescriptor() const override { return resources_.completionChannel->fd; }
  void arm() override { ibv_req_notify_cq(resources_.completions, 0); }
  void disarm() override;
  void release() override { delete this; }

 private:
  bool bind(char* reason);
  bool openResources(char* reason);
  void ownDescriptors();
  void letGo();

  Region region_;
  std::uint8_t slot_;
  Address address_;
  Resources resources_;
  std::unique_ptr<Keys> keys_;
  rdma_event_channel* inbound_ = nullptr;
  rdma_event_channel* outbound_ = nullptr;
  rdma_cm_id* id_ = nullptr;
  const Descriptors* descriptors_ = nullptr;  // once the own ones are handed to it
  std::unique_ptr<Listener> listener_;
  std::uint32_t connections_ = 0;  // ever made: each gets a number of its own
};

}  // namespace gaia::verbs
