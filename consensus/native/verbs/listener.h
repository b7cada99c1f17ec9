// The owner's side: lets in who shows the token of an open session, one queue pair for each. Service thread only.
#pragma once
#include <vector>

#include "verbs/keys.h"

namespace gaia::verbs {

class Listener {
 public:
  Listener(const Resources& resources, Keys& keys, rdma_cm_id* id) : resources_(resources), keys_(keys), id_(id) {}
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  bool listen(char* reason);
  std::uint16_t port() const { return port_; }
  bool removed() const { return removed_; }
  void serve(Doorkeeper& doorkeeper);
  void drop(std::uint64_t session);

 private:
  struct Inbound {
    std::uint64_t session;
    rdma_cm_id* id;
  };
  void answer(rdma_cm_id* caller, const rdma_conn_param& asked, const Token& token, Doorkeeper& doorkeeper);
  bool accept(rdma_cm_id* caller, const rdma_conn_param& asked, std::uint8_t slot, char* reason);
  void ended(const rdma_cm_id* id, Doorkeeper& doorkeeper);

  const Resources& resources_;
  Keys& keys_;
  rdma_cm_id* id_;
  std::uint16_t port_ = 0;
  bool removed_ = false;
  std::vector<Inbound> inbound_;
};

}  // namespace gaia::verbs
