// One end of the relay as a process, for tests. The group's secret is 64 hexadecimal digits in GAIA_SECRET.
//   gaia-relay-process primary SOCKET HOST PORT          each line "round WORD" on standard input has one
//   begin that QEMU asks for
//   gaia-relay-process backup SOCKET HOST BLOCK=FILE...  listens on a port of the system's choice
// Says on standard output, one JSON object a line, where it listens, each round, and at last why it ended.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <list>
#include <string>

#include "vm/relay/ends.h"
#include "vm/relay/mapped_ram.h"

namespace {

using namespace gaia;

constexpr std::uint64_t waitNs = 1'000'000'000;

void say(const std::string& json) {
  std::printf("%s\n", json.c_str());
  std::fflush(stdout);
}

int ended(const std::string& why) {
  say("{\"type\":\"ended\",\"why\":\"" + why + "\"}");
  return 1;
}

std::array<std::uint8_t, 32> secret() {
  std::array<std::uint8_t, 32> bytes{};
  const char* const text = std::getenv("GAIA_SECRET");
  for (std::size_t i = 0; text != nullptr && i < bytes.size() && text[2 * i] != 0 && text[2 * i + 1] != 0;
       i++)
    bytes[i] = static_cast<std::uint8_t>(std::stoul(std::string(text + 2 * i, 2), nullptr, 16));
  return bytes;
}

// False: standard input has ended.
bool readTriggers(std::list<std::string>* triggers, std::string* pending) {
  char buffer[256];
  const auto count = read(STDIN_FILENO, buffer, sizeof buffer);
  if (count <= 0) return false;
  pending->append(buffer, static_cast<std::size_t>(count));
  for (std::size_t line; (line = pending->find('\n')) != std::string::npos; pending->erase(0, line + 1))
    if (pending->starts_with("round ")) triggers->push_back(pending->substr(6, line - 6));
  return true;
}

int runPrimary(const Authenticator& authenticator, char** words) {
  relay::PrimaryEnd end(
      authenticator, {1, 2}, 0, [](std::uint64_t) {},
      [](const relay::Round& round) { say(toJson(round)); });
  std::string error, pending;
  std::list<std::string> triggers;
  if (!end.open(words[0], words[1], static_cast<std::uint16_t>(std::stoul(words[2])), &error))
    return ended(error);
  say("{\"type\":\"open\"}");
  while (end.failure().empty()) {
    std::vector<pollfd> descriptors{{STDIN_FILENO, POLLIN, 0}};
    end.addTo(&descriptors);
    sys::poll(descriptors, waitNs);
    if (descriptors[0].revents != 0 && !readTriggers(&triggers, &pending)) return ended("standard input has ended");
    end.serve(sys::nowNs());
    if (triggers.empty() || !end.asked()) continue;
    end.begin(triggers.front());
    triggers.pop_front();
  }
  return ended(end.failure());
}

int runBackup(const Authenticator& authenticator, char** words, char** last) {
  std::list<relay::MappedRam> files;
  relay::LiveRam live;
  std::string error;
  for (char** word = words + 2; word < last; word++) {
    const std::string text = *word;
    const auto at = text.find('=');
    if (!files.emplace_back().open(text.substr(at + 1), &error)) return ended(error);
    live[text.substr(0, at)] = files.back().bytes();
  }
  relay::BackupEnd end(authenticator, {2, 1}, std::move(live), [](std::uint64_t round, bool) {
    say("{\"type\":\"received\",\"number\":" + std::to_string(round) + "}");
  });
  if (!end.open(words[0], words[1], 0, &error)) return ended(error);
  say("{\"type\":\"open\",\"port\":" + std::to_string(end.port()) + "}");
  while (end.failure().empty()) {
    std::vector<pollfd> descriptors;
    end.addTo(&descriptors);
    sys::poll(descriptors, waitNs);
    end.serve(sys::nowNs());
  }
  return ended(end.failure());
}

}  // namespace

int main(int count, char** words) {
  const Authenticator authenticator("/test/vm", secret());
  const std::string side = count > 1 ? words[1] : "";
  if (side == "primary" && count == 5) return runPrimary(authenticator, words + 2);
  if (side == "backup" && count > 4) return runBackup(authenticator, words + 2, words + count);
  std::fprintf(stderr,
               "usage: gaia-relay-process primary SOCKET HOST PORT | backup SOCKET HOST BLOCK=FILE...\n");
  return 2;
}
