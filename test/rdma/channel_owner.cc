// The owner's side of one channel for tests between machines: `gaia-channel-owner HOST` opens HOST's RDMA device, writes
// the port for its callers to standard output (two bytes) and serves until standard input ends. There, "h" makes it stand
// still until "g"; each is answered by itself.
#include <unistd.h>

#include <cstdio>

#include "channel_pair.h"
#include "far_owner.h"
#include "transport/acceptor.h"
#include "transport/verbs_loader.h"

using namespace gaia;
using gaia::test::ChannelPair;

namespace {

constexpr std::uint64_t lookNs = 20'000'000;

bool tell(const void* bytes, std::size_t length) {
  return write(STDOUT_FILENO, bytes, length) == static_cast<ssize_t>(length);
}

// False: the caller is gone.
bool obey() {
  char order = 0;
  do {
    if (read(STDIN_FILENO, &order, 1) != 1 || !tell(&order, 1)) return false;
  } while (order == 'h');
  return true;
}

std::uint16_t freePort(const std::string& host) {
  const int listener = sys::listenTcp(host, 0);
  const std::uint16_t port = sys::localPort(listener);
  sys::close(listener);
  return port;
}

void serve(Acceptor& acceptor) {
  for (;;) {
    std::vector<pollfd> descriptors{{STDIN_FILENO, POLLIN, 0}};
    acceptor.addTo(&descriptors);
    sys::poll(descriptors, lookNs);
    if (descriptors.front().revents != 0 && !obey()) return;
    acceptor.serve(descriptors, sys::nowNs());
  }
}

int failed(const std::string& why) {
  std::fprintf(stderr, "gaia-channel-owner: %s\n", why.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return failed("usage: gaia-channel-owner HOST");
  const std::string host = argv[1];
  const std::size_t bytes = Region::bytesFor(ChannelPair::ringBytes);
  const int memory = sys::memoryFile(bytes);
  const Region region(sys::mapFar(memory, bytes), ChannelPair::ringBytes);
  std::string error;
  verbs::Device* const device = verbs::openDevice(host, region, 0, &error);
  if (device == nullptr) return failed(error);
  const Authenticator authenticator(test::farGroup, test::farSecret());
  const auto journal = [](std::uint32_t, Index from, std::vector<std::byte>* into) {
    if (from == 1) *into = ChannelPair::Bytes(ChannelPair::journalBytes, ChannelPair::journalByte);
  };
  const auto snapshot = [](std::uint32_t, Index, std::uint32_t, std::vector<std::byte>*) {};
  const std::uint16_t port = freePort(host);
  {
    Acceptor acceptor({authenticator, region, test::farOwner, memory, journal, snapshot, device});
    if (!acceptor.listenTcp(host, port, &error)) return failed(error);
    if (tell(&port, sizeof(port))) serve(acceptor);
  }
  device->release();
  return 0;
}
