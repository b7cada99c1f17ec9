#include "fake_card.h"

#include <cstdio>

#include "transport/sys.h"

namespace gaia::test {
namespace {

std::map<std::uint16_t, FakeCard*> cards;  // by port
std::uint16_t lastPort = 0;

}  // namespace

// A queue pair: the caller's half posts, the owner's half is only a permission.
struct FakeCard::Pair final : verbs::Connection {
  FakeCard* caller = nullptr;
  FakeCard* owner = nullptr;
  std::uint32_t id = 0;
  verbs::Token token{};
  std::span<std::byte> buffer;
  State is = State::connecting;
  std::uint64_t session = 0;
  std::uint8_t slot = 0;
  char why[verbs::reasonBytes] = "";
  std::deque<verbs::Work> posted;
  std::size_t unretired = 0, reads = 0;

  State state() const override { return is; }
  std::uint32_t number() const override { return id; }
  const char* reason() const override { return why; }
  verbs::WorkLimits limits() const override { return caller->setting_.limits; }

  void end(const char* cause) {
    is = State::ended;
    std::snprintf(why, sizeof(why), "%s", cause);
    posted.clear();
  }
  bool post(std::span<const verbs::Work> batch) override {
    if (is != State::open) return false;
    caller->batches_++;
    for (const verbs::Work& work : batch) {
      unretired++;
      reads += work.reads ? 1 : 0;
      const bool inside = work.local >= buffer.data() && work.local + work.length <= buffer.data() + buffer.size();
      if (unretired > limits().work) caller->complain("more work than the send queue holds");
      if (reads > limits().reads) caller->complain("more reads in flight than agreed");
      if (!inside) caller->complain("work outside of the registered buffer");
      if (work.inlined && (work.reads || work.length > limits().inlineBytes)) caller->complain("inlined what cannot be");
      posted.push_back(work);
    }
    return true;
  }
  void release() override {
    std::erase(owner->asking_, this);
    caller->connections_.erase(id);
  }
};

FakeCard::FakeCard(const Region& region, std::uint8_t slot, const Setting& setting)
    : region_(region), slot_(slot), setting_(setting), event_(sys::eventDescriptor()), port_(++lastPort) {
  sys::signal(event_);  // always readable: whoever waits for it comes at once
  cards[port_] = this;
}

FakeCard::~FakeCard() {
  std::erase_if(cards, [&](const auto& entry) { return entry.second == this; });
  sys::close(event_);
}

void FakeCard::complain(const std::string& about) {
  if (complaint_.empty()) complaint_ = about;
}

verbs::Connection* FakeCard::connect(const char*, std::uint16_t port, const verbs::Token& token,
                                     std::span<std::byte> buffer, char* reason) {
  const auto owner = cards.find(port);
  if (owner == cards.end()) return std::snprintf(reason, verbs::reasonBytes, "no such port"), nullptr;
  auto pair = std::make_unique<Pair>();
  pair->caller = this;
  pair->owner = owner->second;
  pair->id = ++everConnected_;
  pair->token = lastToken_ = token;
  pair->buffer = buffer;
  owner->second->asking_.push_back(pair.get());
  return (connections_[pair->id] = std::move(pair)).get();
}

void FakeCard::serve(verbs::Doorkeeper& doorkeeper) {
  if (setting_.silent) return;
  while (!asking_.empty()) {
    Pair& pair = *asking_.front();
    asking_.pop_front();
    const bool admitted = doorkeeper.admit(pair.token, &pair.slot, &pair.session);
    if (!admitted) pair.end("the member refuses: it knows no session with this token");
    else if (!setting_.refuses.empty()) pair.end(setting_.refuses.c_str());
    else pair.is = verbs::Connection::State::open;
  }
}

void FakeCard::drop(std::uint64_t session) {
  for (const auto& [port, card] : cards) {
    for (const auto& [id, pair] : card->connections_) {
      if (pair->owner == this && pair->session == session) pair->end("the member has closed the queue pair");
    }
  }
}

std::size_t FakeCard::poll(std::span<verbs::Done> done) {
  for (auto& [id, pair] : connections_) {
    while (!held_ && !pair->posted.empty()) {
      const verbs::Work work = pair->posted.front();
      pair->posted.pop_front();
      execute(*pair, work);
    }
  }
  std::size_t count = 0;
  for (; count < done.size() && !done_.empty(); count++) {
    done[count] = done_.front();
    done_.pop_front();
  }
  return count;
}

void FakeCard::execute(Pair& pair, const verbs::Work& work) {
  const Region& region = pair.owner->region_;
  const bool inside = work.offset <= region.bytes() && work.length <= region.bytes() - work.offset;
  const bool allowed = work.reads ? inside : region.writableBy(pair.slot, work.offset, work.length);
  const char* const error = failing_ != nullptr ? failing_ : allowed ? nullptr : "remote access error";
  if (error != nullptr) {
    done_.push_back({pair.id, work.id, error});
    return pair.end(error);
  }
  std::byte* const place = region.base() + work.offset;
  if (work.reads) fetchBytes(work.local, place, work.length);
  else placeBytes(place, work.local, work.length);
  if (!work.signalled) return;
  signalled_++;
  pair.unretired = pair.posted.size();
  pair.reads = static_cast<std::size_t>(
      std::count_if(pair.posted.begin(), pair.posted.end(), [](const verbs::Work& one) { return one.reads; }));
  done_.push_back({pair.id, work.id, nullptr});
}

}  // namespace gaia::test
