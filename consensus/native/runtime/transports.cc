// Opening the ways by which others reach this member.
#include <functional>

#include "runtime/member.h"

namespace gaia {

// Without a device a member goes on over tcp, unless verbs was chosen.
bool MemberRuntime::openVerbs(std::string* error) {
  const TransportChoice choice = options_.transport;
  if (choice != TransportChoice::automatic && choice != TransportChoice::verbs) {
    caller_.verbsMissing = "another transport was chosen there";
    return true;
  }
  verbs::Device* const device =
      verbs::openDevice(options_.self.host, *region_, options_.self.slot, &caller_.verbsMissing);
  if (device != nullptr) caller_.verbs = &verbs_.emplace(device);
  if (device != nullptr || choice == TransportChoice::automatic) return true;
  *error = "transport verbs was chosen, but host " + options_.self.host + " offers none: " + caller_.verbsMissing +
           "; give the member the address of an RDMA device, or choose transport auto";
  return false;
}

bool MemberRuntime::openAcceptor(std::string* error) {
  acceptor_.emplace(Acceptor::Owner{authenticator_, *region_, options_.self.number, memory_,
                                    std::bind_front(&MemberRuntime::answerJournal, this),
                                    std::bind_front(&MemberRuntime::answerSnapshot, this),
                                    verbs_ ? &verbs_->device() : nullptr, caller_.verbsMissing});
  if (wal_) acceptor_->keepLives(life_, std::bind_front(&MemberRuntime::returned, this), &queue_);
  const TransportChoice choice = options_.transport;
  const bool local = choice == TransportChoice::automatic || choice == TransportChoice::shm;
  if (local && !acceptor_->listenUnix(error)) return false;
  return choice == TransportChoice::shm ||
         acceptor_->listenTcp(options_.self.host, options_.self.consensusPort, error);
}

}  // namespace gaia
