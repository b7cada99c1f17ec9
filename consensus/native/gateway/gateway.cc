#include "gateway/gateway.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "transport/sys.h"

namespace gaia::gateway {
namespace {

constexpr const char* loopback = "127.0.0.1";
constexpr std::uint64_t listeningNs = 20'000'000;  // between two looks whether the program listens
constexpr std::uint64_t idleNs = 1'000'000'000;
constexpr std::uint64_t forwardNs = 20'000'000;  // while clients wait for a leader
constexpr std::uint64_t silenceNs = 1'000'000'000;
constexpr std::size_t proposalsMax = 64;  // under way, of which all together are less than TurnThread takes; then clients wait
constexpr std::uint64_t crowdedNs = 200'000;

// The loop need not wake itself.
std::function<void()> ringer(int bell) {
  return [bell, loop = std::this_thread::get_id()] {
    if (std::this_thread::get_id() != loop) sys::signal(bell);
  };
}

std::string hexOf(View bytes) {
  std::string text;
  for (const std::byte byte : bytes) {
    char pair[3];
    std::snprintf(pair, sizeof pair, "%02x", static_cast<unsigned>(byte));
    text += pair;
  }
  return text;
}

}  // namespace

Gateway::Gateway(const Options& options, Program& program)
    : options_(options),
      program_(program),
      bell_(sys::eventDescriptor()),
      connections_(events_, program.port(), options.compares,
                   [this](const Connection& connection, const Difference& difference) { differ(connection, difference); }),
      feed_(connections_, program),
      clients_(connections_),
      forwarder_(events_),
      entry_(options.replica.self.number) {
  events_.watch(bell_, Source::bell, 0, EPOLLIN);
  lookedNs_ = sys::nowNs();
}

Gateway::~Gateway() {
  turns_.reset();
  for (const int listener : listeners_) sys::close(listener);
  sys::close(bell_);
}

void Gateway::fail(std::string message) {
  if (failure_.empty()) failure_ = std::move(message);
}

// The members' address is where peers and clients look; probes of this host look at loopback.
bool Gateway::begin() {
  const std::string& host = options_.replica.self.host;
  if (!listenOn(host) || (host != loopback && host != "localhost" && !listenOn(loopback))) return false;
  std::string error;
  auto runtime = Runtime::start(options_.replica, &error);
  if (runtime == nullptr) return fail(error), false;
  turns_ = std::make_unique<TurnThread>(std::move(runtime), ringer(bell_), TurnThread::Deciding::atOnce);
  return true;
}

bool Gateway::listenOn(const std::string& host) {
  const int listener = sys::listenTcp(host, options_.replica.self.servicePort);
  const std::string port = std::to_string(options_.replica.self.servicePort);
  if (listener < 0) {
    fail("cannot listen on " + host + ":" + port + ": " + sys::errorText(errno) +
         "; the program must listen on $PORT0, which behind a gateway is another port of 127.0.0.1, and nobody else on " +
         port);
    return false;
  }
  events_.watch(listener, Source::listener, listeners_.size(), EPOLLIN);
  listeners_.push_back(listener);
  return true;
}

std::uint64_t Gateway::waitNs() const {
  if (!begun()) return listeningNs;
  std::uint64_t wait = std::min(idleNs, feed_.waitNs(sys::nowNs()));
  if (forwarder_.waits()) wait = std::min(wait, forwardNs);
  if (clients_.leading()) wait = std::min(wait, Clients::saidNs);
  return !feed_.full() && turns_->pending() ? 0 : wait;
}

void Gateway::serve(std::span<const Events::Event> events) {
  const std::uint64_t nowNs = sys::nowNs();
  attendProgram(nowNs);
  if (!begun()) return;
  for (const Events::Event& event : events) hear(event, nowNs);
  takeEvents();
  forwarder_.serve(nowNs);
  propose(nowNs);
  if (underWay_ >= proposalsMax) sys::sleepNs(crowdedNs);  // what clients have sent would wake the loop again at once
  takeEvents();
  feed_.serve(sys::nowNs());
}

void Gateway::attendProgram(std::uint64_t nowNs) {
  if (!begun() && failure_.empty() && feed_.programListens()) begin();
  if (!feed_.rests() || nowNs - lookedNs_ < silenceNs) return;
  lookedNs_ = nowNs;
  connections_.lookForSilence(nowNs);
}

void Gateway::hear(const Events::Event& event, std::uint64_t nowNs) {
  switch (event.source) {
    case Source::bell:
      return sys::drain(bell_);
    case Source::listener:
      return accept(event.number, nowNs);
    case Source::client:
      if (underWay_ < proposalsMax) clients_.ready(event.number, event.what, &entry_);
      return;
    case Source::server:
      return connections_.serverReady(event.number, nowNs);
    case Source::forwardedClient:
    case Source::forwardedServer:
      return forwarder_.ready(event.number);
    case Source::channel:
    case Source::signals:
    case Source::program:
      return;  // main's
  }
}

void Gateway::accept(std::uint64_t listener, std::uint64_t nowNs) {
  const bool crowded = clients_.leading() && (underWay_ >= proposalsMax || entry_.room() == 0);
  const int descriptor = crowded ? -1 : acceptClient(listeners_[listener]);
  if (descriptor < 0) return;
  if (clients_.leading())
    clients_.accept(descriptor, &entry_);
  else
    forwarder_.accept(descriptor, nowNs);
}

void Gateway::takeEvents() {
  TurnEvent event;
  while (!feed_.full() && turns_->take(&event)) take(event);
}

void Gateway::take(TurnEvent& event) {
  switch (event.kind) {
    case TurnEvent::Kind::entry:
      if (!feed_.add(event.index, event.payload))
        fail("entry " + std::to_string(event.index) + " is none of a gateway's: all replicas of an app must run with the same "
             "\"via\"; restart the app");
      return;
    case TurnEvent::Kind::committed:
      underWay_--;
      return;
    case TurnEvent::Kind::refused:
    case TurnEvent::Kind::unknown:
      underWay_--;
      return refreshStatus();
    case TurnEvent::Kind::status:
      return refreshStatus();
    case TurnEvent::Kind::ended:
      clients_.end();
      ended_ = true;
      return;
    case TurnEvent::Kind::snapshot:
    case TurnEvent::Kind::restore:
      return;  // never asked for: Snapshots::none
  }
}

// A reign that was lost and won again between two looks is another one. When one begins, the feed has all entries before it,
// so that no number of theirs is given to another connection.
void Gateway::refreshStatus() {
  const Status status = turns_->status();
  const std::uint64_t reign = turns_->reign();
  if (clients_.leading() && reign != reign_) {
    clients_.end();
    (void)entry_.take();
  }
  if (reign != 0 && !clients_.leading()) {
    reign_ = reign;
    clients_.begin(feed_.highest(), &entry_);
  }
  forwarder_.follow(status, options_.replica.self.number);
  if (status.stranded)
    fail("this member lacks entries that no other member keeps any more; it must be replaced by a new member that joins");
}

void Gateway::propose(std::uint64_t nowNs) {
  if (!clients_.leading() || underWay_ >= proposalsMax) return;
  clients_.report(nowNs, &entry_);
  if (entry_.empty()) return;
  if (turns_->propose(++proposal_, entry_.take()) != TurnThread::Proposal::queued) {
    clients_.end();  // what they have said is lost
    return refreshStatus();
  }
  underWay_++;
  turns_->decide();
}

void Gateway::differ(const Connection& connection, const Difference& difference) {
  divergences_++;
  if (!divergence_) {
    const OutputDifference bytes{connection.number, difference.from, {difference.here.begin(), difference.here.end()}, {}};
    divergence_ = Divergence{difference.index, difference.author, bytes};
  }
  std::fprintf(stderr,
               "gaia-gateway: entry %llu, connection %llu: the program has answered otherwise than member %u's, between byte "
               "%llu and %llu of what is compared; %s here: %s\n",
               static_cast<unsigned long long>(difference.index), static_cast<unsigned long long>(connection.number),
               difference.author, static_cast<unsigned long long>(difference.from),
               static_cast<unsigned long long>(difference.to), difference.silent ? "too little" : "it goes on",
               hexOf(difference.here).c_str());
}

void Gateway::removeMember(std::uint8_t slot, std::uint32_t number) {
  if (begun()) turns_->removeMember(slot, number);
}

void Gateway::transferLeadership(std::uint32_t number) {
  if (begun()) turns_->transferLeadership(number);
}

void Gateway::stop() {
  if (begun())
    turns_->stop();
  else
    ended_ = true;
}

// What the program has not been given is not applied.
Status Gateway::status() const {
  Status status = turns_->status();
  if (!feed_.empty() && feed_.index() > 0) status.applied = std::min(status.applied, feed_.index());
  if (!status.diverged && divergence_) {
    status.diverged = true;
    status.divergence = *divergence_;
  }
  return status;
}

Metrics Gateway::metrics() const {
  Metrics metrics = turns_->metrics();
  metrics.divergences += divergences_;
  return metrics;
}

std::string Gateway::unexpected() const {
  const std::uint64_t count = feed_.restlessFeeds();
  return count == 0 ? "{}" : "{\"fedBeforeRest\":" + std::to_string(count) + "}";
}

}  // namespace gaia::gateway
