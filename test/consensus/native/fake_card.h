// A network card made of memory: what libgaia-verbs.so offers, between members of one process. It executes work in order
// when it is polled, knows its limits, and complains about whoever exceeds them.
#pragma once
#include <deque>
#include <map>
#include <memory>
#include <optional>

#include "transport/verbs_library.h"

namespace gaia::test {

class FakeCard : public verbs::Device {
 public:
  struct Setting {
    verbs::WorkLimits limits{8, 2, 64};
    std::string refuses;      // why connections are refused; empty: they are not
    bool silent = false;      // never answers a request
  };
  FakeCard(const Region& region, std::uint8_t slot, const Setting& setting);
  virtual ~FakeCard();

  std::uint16_t port() const override { return port_; }
  bool removed() const override { return removed_; }
  int inboundDescriptor() const override { return event_; }
  void serve(verbs::Doorkeeper& doorkeeper) override;
  void drop(std::uint64_t session) override;
  verbs::Connection* connect(const char* host, std::uint16_t port, const verbs::Token& token,
                             std::span<std::byte> buffer, char* reason) override;
  int outboundDescriptor() const override { return event_; }
  void step() override {}
  std::size_t poll(std::span<verbs::Done> done) override;
  int completionDescriptor() const override { return event_; }
  void arm() override {}
  void disarm() override {}
  void release() override {}  // the test owns it

  void fail(const char* error) { failing_ = error; }  // of all work from now on
  void remove() { removed_ = true; }
  void hold(bool held) { held_ = held; }              // work stays posted
  const verbs::Token& lastToken() const { return lastToken_; }
  std::size_t batches() const { return batches_; }
  std::size_t signalled() const { return signalled_; }
  std::size_t connections() const { return connections_.size(); }
  const std::string& complaint() const { return complaint_; }

 private:
  struct Pair;
  void execute(Pair& pair, const verbs::Work& work);
  void complain(const std::string& about);

  Region region_;
  std::uint8_t slot_;
  Setting setting_;
  int event_;
  std::uint16_t port_;
  std::map<std::uint32_t, std::unique_ptr<Pair>> connections_;
  std::deque<verbs::Done> done_;
  std::deque<Pair*> asking_;  // at this card
  std::uint32_t everConnected_ = 0;
  const char* failing_ = nullptr;
  bool held_ = false, removed_ = false;
  verbs::Token lastToken_{};
  std::size_t batches_ = 0, signalled_ = 0;
  std::string complaint_;
};

}  // namespace gaia::test
