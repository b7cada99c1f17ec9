// A server for guests of tests that is racy on purpose: for each byte it receives, several threads increment one
// counter without a lock, and the client is told what it is then. Increments get lost or not as the processors
// happen to run, so two guests that get the same requests come apart.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <thread>

namespace {

constexpr int threads = 4;
constexpr int incrementsOfThread = 500;

volatile std::uint64_t counter = 0;

void increment() {
  for (int i = 0; i < incrementsOfThread; i++) counter = counter + 1;
}

std::uint64_t race() {
  std::array<std::thread, threads> racing;
  for (auto& each : racing) each = std::thread(increment);
  for (auto& each : racing) each.join();
  return counter;
}

void serve(int client) {
  for (char request; read(client, &request, 1) == 1;) {
    char line[32];
    const int length = std::snprintf(line, sizeof line, "%llu\n", static_cast<unsigned long long>(race()));
    if (write(client, line, static_cast<std::size_t>(length)) != length) break;
  }
  close(client);
}

}  // namespace

int main(int count, char** words) {
  const int port = count == 2 ? std::atoi(words[1]) : 0;
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || listen(listener, 16) != 0) {
    std::perror("cannot listen");
    return 1;
  }
  for (;;)
    if (const int client = accept(listener, nullptr, nullptr); client >= 0) std::thread(serve, client).detach();
}
