#include "machine_pair.h"

#include "far_owner.h"
#include "group.h"
#include "link_pair.h"
#include "transport/verbs_loader.h"
#include "verbs_host.h"

namespace gaia::test {
namespace {

constexpr std::uint64_t settleNs = 100'000'000;

// One member that dials the owner.
class Caller {
 public:
  Caller(const Member& owner, const Member& self, TransportChoice choice, VerbsPort* port)
      : authenticator_(farGroup, farSecret()),
        caller_{authenticator_, self, choice, ChannelPair::ringBytes, Durability::memory, 0, false, port},
        owner_(owner) {
    dial();
  }
  Link& link() const { return *link_; }
  std::unique_ptr<Link> dial() {
    auto before = std::move(link_);
    link_ = std::make_unique<Link>(caller_, owner_);
    return before;
  }
  void hangUp() { link_.reset(); }
  void step() {
    pollfd entry{link_->descriptor(), link_->eventsWanted(), 0};
    if (entry.fd >= 0) sys::poll({&entry, 1}, 0);
    link_->step(entry.revents, sys::nowNs());
    link_->flush();
  }

 private:
  Authenticator authenticator_;
  Link::Caller caller_;
  Member owner_;
  std::unique_ptr<Link> link_;
};

// The channel under test goes over verbs. The owner's memory is looked at by another member over tcp: what it reads, the
// owner's processor has read.
class MachinePair : public ChannelPair {
 public:
  MachinePair(std::unique_ptr<OwnerMemory> own, verbs::Device* device, int control)
      : ChannelPair(own->region), own_(std::move(own)), port_(device), control_(control) {
    const std::string peer = verbsPeer();
    const Member owner{0, farOwner, peer.substr(0, peer.find(':')), ownersPort(), 0};
    writer_.emplace(owner, Member{slot, 4, verbsHost(), 1, 0}, TransportChoice::verbs, &port_);
    observer_.emplace(owner, Member{slot + 1, 5, verbsHost(), 1, 0}, TransportChoice::tcp, nullptr);
  }
  ~MachinePair() override {
    overtaken_.reset();
    writer_->hangUp();
    sys::close(control_);
  }
  Channel& channel() override { return writer_->link(); }
  bool open() const override { return writer_->link().open(); }
  void step(bool withOwner) override {
    if (withOwner == held_) hold(!withOwner);
    writer_->step();
    const std::string& reason = writer_->link().reason();
    if (!open() && reason.starts_with("verbs ended: ") && reason != told_) MESSAGE(reason);
    told_ = reason;
  }
  void end() override {
    writer_->dial();
    sys::sleepNs(settleNs);  // what is on its way arrives
  }
  bool overtake() override {
    overtaken_ = writer_->dial();
    return true;
  }
  void releaseOvertaken() override {
    for (int i = 0; i < 100; i++) overtaken_->flush();
    sys::sleepNs(settleNs);
  }
  Bytes memory(std::size_t offset, std::size_t length) override {
    if (held_) hold(false);
    Bytes all;
    while (all.size() < length) {
      const Bytes part = observe(offset + all.size(), std::min(readBytesMax, length - all.size()));
      if (part.empty()) break;
      all.insert(all.end(), part.begin(), part.end());
    }
    REQUIRE(all.size() == length);
    return all;
  }

 private:
  Bytes observe(std::size_t offset, std::size_t length) {
    Link& link = observer_->link();
    const auto opens = [&] { return observer_->step(), link.open(); };
    if (!eventually(opens)) return {};
    link.read(offset, length);
    Bytes answer;
    eventually([&] {
      observer_->step();
      Completion completion;
      if (!link.poll(&completion)) return false;
      answer.assign(completion.bytes.begin(), completion.bytes.end());
      return true;
    });
    return answer;
  }
  std::uint16_t ownersPort() {
    std::uint16_t port = 0;
    REQUIRE(take(std::as_writable_bytes(std::span(&port, 1))));
    return port;
  }
  // Returns when the owner's processor stands still, or goes on.
  void hold(bool still) {
    const std::byte order{static_cast<unsigned char>(still ? 'h' : 'g')};
    std::byte answer{};
    REQUIRE(sys::send(control_, std::span(&order, 1), -1) == 1);
    REQUIRE(take(std::span(&answer, 1)));
    REQUIRE(answer == order);
    held_ = still;
  }
  bool take(std::span<std::byte> into) {
    return eventually([&] {
      const auto count = sys::receive(control_, into, nullptr);
      if (count > 0) into = into.subspan(static_cast<std::size_t>(count));
      return into.empty();
    });
  }

  std::unique_ptr<OwnerMemory> own_;  // a device registers its member's region
  VerbsPort port_;
  int control_;
  bool held_ = false;
  std::string told_;
  std::optional<Caller> writer_, observer_;
  std::unique_ptr<Link> overtaken_;
};

}  // namespace

std::unique_ptr<ChannelPair> makeMachinePair(std::string* reason) {
  const std::string peer = verbsPeer();
  auto own = std::make_unique<OwnerMemory>();
  verbs::Device* const device = verbs::openDevice(verbsHost(), own->region, ChannelPair::slot, reason);
  if (device == nullptr) return nullptr;
  const auto port = static_cast<std::uint16_t>(std::atoi(peer.substr(peer.find(':') + 1).c_str()));
  const int control = sys::connectTcp(peer.substr(0, peer.find(':')), port);
  return std::make_unique<MachinePair>(std::move(own), device, control);
}

}  // namespace gaia::test
