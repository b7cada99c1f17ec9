#include "group.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <set>

#include "sanitizer.h"
#include "verbs_host.h"

namespace gaia::test {

std::uint64_t patienceHere() {
  const char* const given = std::getenv("GAIA_PATIENCE");
  return given == nullptr ? patience : static_cast<std::uint64_t>(std::max(1, std::atoi(given)));
}

bool eventually(const std::function<bool()>& condition, std::uint64_t withinMs) {
  const std::uint64_t deadlineNs = sys::nowNs() + withinMs * patienceHere() * 1'000'000;
  while (!condition()) {
    if (sys::nowNs() > deadlineNs) return false;
    sys::sleepNs(1'000'000);
  }
  return true;
}

std::uint16_t freePort() {
  static std::mutex mutex;
  static std::set<std::uint16_t> handedOut;
  static std::random_device random;
  const std::scoped_lock lock(mutex);
  for (int attempt = 0; attempt < 1000; attempt++) {
    const auto port = static_cast<std::uint16_t>(10'000 + random() % 20'000);
    const int listener = handedOut.contains(port) ? -1 : sys::listenTcp("127.0.0.1", port);
    if (listener < 0) continue;
    sys::close(listener);
    handedOut.insert(port);
    return port;
  }
  throw std::runtime_error("no port from 10000 to 29999 is free");
}

Replica::Replica(const ReplicaOptions& options, bool diverge)
    : runtime_(Runtime::start(options, &error_)), number_(options.self.number), diverge_(diverge) {
  if (runtime_ != nullptr) thread_ = std::thread([this] { turnThread(); });
}

Replica::~Replica() { die(); }

void Replica::turnThread() {
  Entry entry;
  while (!ending_) {
    switch (runtime_->wait(&entry, 20'000'000)) {
      case Wake::entry:
        apply(entry.index, {reinterpret_cast<const char*>(entry.payload.data()), entry.payload.size()});
        break;
      case Wake::lead: lead(); break;
      case Wake::snapshot: takeSnapshot(); break;
      case Wake::restore: restore(); break;
      case Wake::timeout: break;
      case Wake::stopped: return;
    }
  }
}

void Replica::lead() {
  while (runtime_->leading() && !ending_) {
    if (runtime_->snapshotDue()) takeSnapshot();
    const std::string text = nextProposal();
    pollfd wake{runtime_->wakeFd(), POLLIN, 0};
    if (sys::poll({&wake, 1}, text.empty() ? 2'000'000 : 0) > 0) {
      runtime_->housekeep();
      continue;
    }
    if (text.empty()) continue;
    const auto room = runtime_->reserve(text.size());
    if (room.empty()) return;
    std::copy(text.begin(), text.end(), reinterpret_cast<char*>(room.data()));
    const Index index = runtime_->propose(text.size());
    if (index == 0) {  // unknown outcome: what was decided comes back through wait()
      forgetIfOnce(text);
      return;
    }
    {
      const std::scoped_lock guard(mutex_);
      acknowledged_.push_back(text);
    }
    apply(index, text);
    {
      const std::scoped_lock guard(mutex_);  // now that it is in the log: it is always in one of them
      if (!queue_.empty() && queue_.front().text == text) queue_.erase(queue_.begin());
    }
    pauseAfter(text);
  }
}

// The state is the log itself, a line per turn, after some padding.
void Replica::takeSnapshot() {
  const auto writer = runtime_->takeSnapshot("test");
  if (writer == nullptr) return;
  if (!writer->write(std::vector<std::byte>(paddingBytes_, std::byte{'\n'}))) return;
  for (const std::string& text : log()) {
    const std::string line = text + "\n";
    if (!writer->write(std::as_bytes(std::span(line)))) return;
  }
  writer->finish();
}

void Replica::restore() {
  const auto reader = runtime_->snapshotToRestore();
  if (reader == nullptr) return;
  std::string state;
  std::vector<std::byte> part(1u << 20);
  for (std::ptrdiff_t got; (got = reader->read(part)) > 0;) state.append(reinterpret_cast<char*>(part.data()), static_cast<std::size_t>(got));
  const bool whole = state.size() == reader->bytes();
  if (whole) {
    const std::scoped_lock guard(mutex_);
    log_.clear();
    for (std::size_t at = 0, end; (end = state.find('\n', at)) != std::string::npos; at = end + 1) {
      if (end > at) log_.push_back(state.substr(at, end - at));
    }
    restored_++;
  }
  runtime_->restored(whole);
}

// From the queue, else of the load: each of the load's texts is proposed once, whatever becomes of it.
std::string Replica::nextProposal() {
  const std::scoped_lock guard(mutex_);
  if (!queue_.empty()) return queue_.front().text;
  if (loadPauseNs_ == 0) return {};
  return "load " + std::to_string(number_) + "-" + std::to_string(loads_++);
}

void Replica::pauseAfter(const std::string& text) {
  if (!text.starts_with("load ")) return;
  pollfd wake{runtime_->wakeFd(), POLLIN, 0};
  if (sys::poll({&wake, 1}, loadPauseNs_) > 0) runtime_->housekeep();
}

void Replica::apply(Index index, const std::string& text) {
  while (holding_ && !ending_) sys::sleepNs(1'000'000);
  {
    const std::scoped_lock guard(mutex_);
    log_.push_back(text.size() <= 1000 ? text : text.substr(0, 10) + std::to_string(std::hash<std::string>()(text)));
  }
  runtime_->applied(index, std::hash<std::string>()(text) + (diverge_ && text == "odd" ? 1 : 0), 3);
}

void Replica::forgetIfOnce(const std::string& text) {
  const std::scoped_lock guard(mutex_);
  if (!queue_.empty() && queue_.front().once && queue_.front().text == text) queue_.erase(queue_.begin());
}

void Replica::propose(const std::string& text) {
  const std::scoped_lock guard(mutex_);
  queue_.push_back({text, false});
}

void Replica::proposeOnce(const std::string& text) {
  const std::scoped_lock guard(mutex_);
  queue_.push_back({text, true});
}

std::size_t Replica::waiting() const {
  const std::scoped_lock guard(mutex_);
  return queue_.size();
}

std::vector<std::string> Replica::log() const {
  const std::scoped_lock guard(mutex_);
  return log_;
}

std::vector<std::string> Replica::acknowledged() const {
  const std::scoped_lock guard(mutex_);
  return acknowledged_;
}

void Replica::die() {
  ending_ = true;
  if (thread_.joinable()) thread_.join();
  runtime_.reset();
}

void Replica::handOverAndEnd() {
  runtime_->stop();
  if (thread_.joinable()) thread_.join();
  runtime_.reset();
}

std::uint64_t refused(Replica& replica, Refusal why) {
  return replica->metrics().refusedConnections[static_cast<std::size_t>(why)];
}

Group::Group(const GroupSetting& setting, std::size_t members, std::size_t here) : setting_(setting) {
  static int count = 0;
  base_.group = "test-" + std::to_string(getpid()) + "-" + std::to_string(count++);
  sys::randomBytes(std::as_writable_bytes(std::span(base_.secret)));
  base_.transport = setting.transport;
  base_.journalDirectory = directory_.path();
  base_.durability = setting.durability;
  for (std::size_t i = 0; i < members; i++) {
    founders_.push_back({static_cast<std::uint8_t>(i), static_cast<std::uint32_t>(i + 1), host(), freePort(), 0});
  }
  for (std::size_t i = 0; i < std::min(members, here); i++) start(static_cast<std::uint32_t>(i + 1));
}

std::string Group::host() const { return base_.transport == TransportChoice::verbs ? verbsHost() : "127.0.0.1"; }

ReplicaOptions Group::options(std::uint32_t number) const& {
  ReplicaOptions options = base_;
  if (setting_.durability == Durability::disk) options.journalDirectory += "/" + std::to_string(number);
  const auto journal = setting_.journalDirectories.find(number);
  if (journal != setting_.journalDirectories.end()) options.journalDirectory = journal->second;
  if (setting_.change) setting_.change(options);
  for (const Member& member : founders_) {
    if (member.number == number) options.self = member;
    else options.peers.push_back(member);
  }
  return options;
}

void Group::start(std::uint32_t number) { replicas_[number] = std::make_unique<Replica>(options(number)); }

void Group::join(std::uint32_t number, std::uint8_t slot, std::uint32_t contact) {
  ReplicaOptions options = base_;
  options.self = {slot, number, host(), freePort(), 0};
  if (setting_.durability == Durability::disk) options.journalDirectory += "/" + std::to_string(number);
  for (const auto* known : {&founders_, &joined_}) {
    for (const Member& member : *known) {
      if (member.number == contact) options.peers = {member};
    }
  }
  joined_.push_back(options.self);
  options.join = true;
  if (setting_.change) setting_.change(options);
  joinedOptions_[number] = options;
  restart(number);
}

void Group::restart(std::uint32_t number) { replicas_[number] = std::make_unique<Replica>(joinedOptions_.at(number)); }

std::uint32_t Group::leader() {
  std::uint32_t found = 0;
  eventually([&] {
    for (auto& [number, replica] : replicas_) {
      if (replica->started() && replica->runtime().leading()) found = number;
    }
    return found != 0;
  });
  return found;
}

void Group::propose(const std::string& text) {
  const std::uint32_t number = leader();
  if (number != 0) replicas_.at(number)->propose(text);
}

bool Group::allHave(const std::vector<std::string>& log) {
  return eventually([&] {
    return std::all_of(replicas_.begin(), replicas_.end(), [&](auto& entry) { return entry.second->log() == log; });
  });
}

void Group::kill(std::uint32_t number) { replicas_.erase(number); }

}  // namespace gaia::test
