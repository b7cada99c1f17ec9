#include "link_pair.h"

#include "group.h"
#include "transport/verbs_loader.h"
#include "verbs_host.h"

namespace gaia::test {
namespace {

// A pair with what it stands on, which goes after it.
class CardPair : public LinkPair {
 public:
  CardPair(std::unique_ptr<OwnerMemory> memory, std::unique_ptr<FakeCard> owners, std::unique_ptr<FakeCard> callers)
      : LinkPair(std::move(memory), settingFor(*owners, *callers)),
        owners_(std::move(owners)),
        callers_(std::move(callers)) {}
  ~CardPair() override {
    CHECK(callers_->complaint().empty());
    close();
  }

 private:
  static LinkSetting settingFor(FakeCard& owners, FakeCard& callers) {
    LinkSetting setting;
    setting.choice = TransportChoice::verbs;
    setting.ownersDevice = &owners;
    setting.callersDevice = &callers;
    return setting;
  }
  std::unique_ptr<FakeCard> owners_, callers_;
};

std::unique_ptr<ChannelPair> overDevice(std::string* reason) {
  auto memory = std::make_unique<OwnerMemory>();
  LinkSetting setting;
  setting.choice = TransportChoice::verbs;
  setting.host = verbsHost();
  if (setting.host.empty()) return *reason = "GAIA_VERBS_HOST does not name an RDMA device's address", nullptr;
  setting.ownersDevice = verbs::openDevice(setting.host, memory->region, 0, reason);
  if (setting.ownersDevice == nullptr) return nullptr;
  setting.callersDevice = verbs::openDevice(setting.host, memory->region, ChannelPair::slot, reason);
  if (setting.callersDevice == nullptr) return setting.ownersDevice->release(), nullptr;
  return std::make_unique<LinkPair>(std::move(memory), setting);
}

}  // namespace

OwnerMemory::OwnerMemory()
    : descriptor(sys::memoryFile(Region::bytesFor(ChannelPair::ringBytes))),
      base(sys::mapFar(descriptor, Region::bytesFor(ChannelPair::ringBytes))),
      region(base, ChannelPair::ringBytes) {}

OwnerMemory::~OwnerMemory() {
  sys::unmap(base, region.bytes());
  sys::close(descriptor);
}

std::array<std::uint8_t, 32> LinkPair::secret(bool right) {
  std::array<std::uint8_t, 32> bytes{};
  bytes[0] = right ? 1 : 2;
  return bytes;
}

LinkPair::LinkPair(std::unique_ptr<OwnerMemory> memory, const LinkSetting& setting)
    : ChannelPair(memory->region),
      memory_(std::move(memory)),
      setting_(setting),
      group_("pair-" + std::to_string(freePort())),
      owners_(group_, secret(true)),
      callers_(group_, secret(setting.callerKnowsSecret)) {
  owner_ = {0, 1, setting.host, freePort(), 0};
  self_ = {slot, 4, setting.host, freePort(), 0};
  const auto readJournal = [this](std::uint32_t, Index from, std::vector<std::byte>* into) {
    if (from == 1) *into = journal;
  };
  const auto readSnapshot = [](std::uint32_t, Index, std::uint32_t, std::vector<std::byte>*) {};
  acceptor_.emplace(Acceptor::Owner{owners_, region_, owner_.number, memory_->descriptor, readJournal, readSnapshot,
                                    setting.ownersDevice, setting.ownerMissing});
  std::string error;
  if (setting.ownerListensLocally) REQUIRE_MESSAGE(acceptor_->listenUnix(&error), error);
  REQUIRE_MESSAGE(acceptor_->listenTcp(owner_.host, owner_.consensusPort, &error), error);
  if (setting.callersDevice != nullptr) port_.emplace(setting.callersDevice);
  caller_.emplace(Link::Caller{callers_, self_, setting.choice, ringBytes, Durability::memory, 0,
                               false, port_ ? &*port_ : nullptr, setting.callerMissing});
  link_ = std::make_unique<Link>(*caller_, owner_);
}

LinkPair::~LinkPair() { close(); }

void LinkPair::close() {
  overtaken_.reset();
  link_.reset();
  port_.reset();
  acceptor_.reset();
  if (setting_.ownersDevice != nullptr) setting_.ownersDevice->release();
  setting_.ownersDevice = nullptr;
}

void LinkPair::stepLink(Link& link) {
  pollfd entry{link.descriptor(), link.eventsWanted(), 0};
  if (entry.fd >= 0) sys::poll({&entry, 1}, 0);
  const Link::Event event = link.step(entry.revents, sys::nowNs());
  if (event != Link::Event::none) lastEvent_ = event;
}

void LinkPair::stepOwner() {
  std::vector<pollfd> descriptors;
  acceptor_->addTo(&descriptors);
  sys::poll(descriptors, 0);
  acceptor_->serve(descriptors, sys::nowNs());
}

void LinkPair::step(bool withOwner) {
  stepLink(*link_);
  link_->flush();
  if (withOwner) stepOwner();
}

void LinkPair::loseDevice(const std::string& why) {
  caller_->verbsMissing = why;
  caller_->verbs = nullptr;
  lastEvent_ = link_->loseVerbs(sys::nowNs());
  port_.reset();
}

void LinkPair::end() { link_ = std::make_unique<Link>(*caller_, owner_); }

bool LinkPair::overtake() {
  if (std::string_view(link_->transport()) == "shm") return false;
  overtaken_ = std::move(link_);
  end();
  return true;
}

void LinkPair::releaseOvertaken() {
  for (int i = 0; i < 100; i++) {
    overtaken_->flush();
    stepOwner();
  }
}

std::unique_ptr<ChannelPair> makeLinkPair(Way way, std::string* reason) {
  if (way == Way::verbs) return overDevice(reason);
  auto memory = std::make_unique<OwnerMemory>();
  if (way == Way::card) {
    auto owners = std::make_unique<FakeCard>(memory->region, 0, FakeCard::Setting{});
    auto callers = std::make_unique<FakeCard>(memory->region, ChannelPair::slot, FakeCard::Setting{});
    return std::make_unique<CardPair>(std::move(memory), std::move(owners), std::move(callers));
  }
  LinkSetting setting;
  setting.choice = way == Way::shm ? TransportChoice::shm : TransportChoice::tcp;
  setting.ownerListensLocally = way == Way::shm;
  return std::make_unique<LinkPair>(std::move(memory), setting);
}

}  // namespace gaia::test
