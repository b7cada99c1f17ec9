// gaia-load --service redis|etcd|zookeeper --operation write|read --port P --clients N --bytes B --seconds S
//
// N closed loops, each with a connection of its own, in one thread; a fifth of the time more beforehand is not counted.
// Prints one JSON object: p50Us and p99Us from an operation's begin to its answer, opsPerSecond.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <map>
#include <vector>

#include "session.h"

namespace gaia::bench {
namespace {

constexpr int answerMsMax = 10'000;
constexpr int interestMs = 100;
using Clock = std::chrono::steady_clock;

double microseconds(Clock::duration span) { return std::chrono::duration<double, std::micro>(span).count(); }

struct Arguments {
  Target target;
  std::size_t clients = 1;
  double seconds = 5;
};

template <class Number>
bool number(const std::string& text, Number low, Number high, Number* value) {
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return code == std::errc() && end == text.data() + text.size() && *value >= low && *value <= high;
}

bool take(const std::string& name, const std::string& value, Arguments* into) {
  Target& target = into->target;
  if (name == "--service") {
    target.service = value;
    return value == "redis" || value == "etcd" || value == "zookeeper";
  }
  if (name == "--operation") {
    target.operation = value;
    return value == "write" || value == "read";
  }
  if (name == "--port") return number<std::uint16_t>(value, 1, 65535, &target.port);
  if (name == "--clients") return number<std::size_t>(value, 1, 1024, &into->clients);
  if (name == "--bytes") return number<std::size_t>(value, 1, 65536, &target.bytes);
  return name == "--seconds" && number<double>(value, 0.1, 3600, &into->seconds);
}

std::unique_ptr<Session> open(const Target& target, std::size_t client) {
  if (target.service == "redis") return openRedis(target, client);
  return target.service == "etcd" ? openEtcd(target, client) : openZooKeeper(target, client);
}

// Waits for at least one session to have something to do. Asked again and again: sessions also look after themselves then.
void await(std::vector<std::unique_ptr<Session>>& sessions, std::vector<pollfd>* descriptors) {
  for (int waitedMs = 0; waitedMs < answerMsMax; waitedMs += interestMs) {
    descriptors->clear();
    for (auto& session : sessions) descriptors->push_back(session->interest());
    if (poll(descriptors->data(), descriptors->size(), interestMs) > 0) return;
  }
  throw ServiceError("no answer within 10 s");
}

std::vector<double> loop(std::vector<std::unique_ptr<Session>>& sessions, double seconds) {
  std::vector<double> samplesUs;
  std::vector<pollfd> descriptors;
  std::vector<Clock::time_point> begun(sessions.size());
  std::vector<bool> busy(sessions.size(), true);
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  for (std::size_t i = 0; i < sessions.size(); i++) begun[i] = Clock::now(), sessions[i]->begin();
  for (std::size_t left = sessions.size(); left > 0;) {
    await(sessions, &descriptors);
    for (std::size_t i = 0; i < sessions.size(); i++) {
      if (descriptors[i].revents == 0 || !sessions[i]->ready(descriptors[i].revents) || !busy[i]) continue;
      const auto now = Clock::now();
      samplesUs.push_back(microseconds(now - begun[i]));
      busy[i] = now < end;
      if (busy[i]) begun[i] = now, sessions[i]->begin();
      else left--;
    }
  }
  return samplesUs;
}

void measure(const Arguments& arguments) {
  std::vector<std::unique_ptr<Session>> sessions;
  for (std::size_t client = 0; client < arguments.clients; client++) sessions.push_back(open(arguments.target, client));
  loop(sessions, arguments.seconds / 5);
  const auto start = Clock::now();
  std::vector<double> samplesUs = loop(sessions, arguments.seconds);
  const double tookSeconds = microseconds(Clock::now() - start) / 1e6;
  std::sort(samplesUs.begin(), samplesUs.end());
  const auto at = [&](double share) { return samplesUs[static_cast<std::size_t>(share * static_cast<double>(samplesUs.size() - 1))]; };
  std::printf("{\"p50Us\":%.2f,\"p99Us\":%.2f,\"opsPerSecond\":%.0f}\n", at(0.5), at(0.99),
              static_cast<double>(samplesUs.size()) / tookSeconds);
}

}  // namespace

void finish(Session& session) {
  const auto end = Clock::now() + std::chrono::milliseconds(answerMsMax);
  for (;;) {
    pollfd descriptor = session.interest();
    poll(&descriptor, 1, interestMs);
    if (descriptor.revents != 0 && session.ready(descriptor.revents)) return;
    if (Clock::now() > end) throw ServiceError("no answer within 10 s");
  }
}

}  // namespace gaia::bench

int main(int count, char** values) {
  using namespace gaia::bench;
  Arguments arguments;
  for (int i = 1; i < count; i += 2) {
    if (i + 1 < count && take(values[i], values[i + 1], &arguments)) continue;
    std::fprintf(stderr, "%s %s: use --service redis|etcd|zookeeper --operation write|read --port 1..65535 --clients 1..1024 --bytes 1..65536 --seconds 0.1..3600\n",
                 values[i], i + 1 < count ? values[i + 1] : "without a value");
    return 2;
  }
  try {
    measure(arguments);
    return 0;
  } catch (const ServiceError& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
