// Real links and an acceptor in one process, driven by the test instead of a service thread.
#pragma once
#include <optional>

#include "channel_pair.h"
#include "fake_card.h"
#include "transport/acceptor.h"
#include "transport/link.h"

namespace gaia::test {

struct LinkSetting {
  TransportChoice choice = TransportChoice::automatic;
  bool ownerListensLocally = false;
  bool callerKnowsSecret = true;
  std::string host = "127.0.0.1";
  verbs::Device* callersDevice = nullptr;
  verbs::Device* ownersDevice = nullptr;
  std::string callerMissing = "none here", ownerMissing = "none there";
};

// The owner's memory, as a runtime maps it.
struct OwnerMemory {
  OwnerMemory();
  ~OwnerMemory();
  int descriptor;
  std::byte* base;
  Region region;
};

class LinkPair : public ChannelPair {
 public:
  LinkPair(std::unique_ptr<OwnerMemory> memory, const LinkSetting& setting);
  ~LinkPair() override;
  Channel& channel() override { return *link_; }
  Link& link() { return *link_; }
  bool open() const override { return link_->open(); }
  void step(bool withOwner) override;
  void end() override;
  bool overtake() override;
  void releaseOvertaken() override;
  void loseDevice(const std::string& why);       // of the caller, as a runtime does it
  RefusalCounts refusals() const { return acceptor_->refusals(); }
  Link::Event lastEvent() const { return lastEvent_; }

 protected:
  void close();

 private:
  static std::array<std::uint8_t, 32> secret(bool right);
  void stepLink(Link& link);
  void stepOwner();

  std::unique_ptr<OwnerMemory> memory_;
  LinkSetting setting_;
  std::string group_;
  Authenticator owners_, callers_;
  Member owner_, self_;
  std::optional<VerbsPort> port_;
  std::optional<Link::Caller> caller_;
  std::optional<Acceptor> acceptor_;
  std::unique_ptr<Link> link_, overtaken_;
  Link::Event lastEvent_ = Link::Event::none;
};

std::unique_ptr<ChannelPair> makeLinkPair(Way way, std::string* reason);

}  // namespace gaia::test
