#include "vm/disk_server.h"

#include "transport/stream.h"
#include "vm/nbd.h"
#include "vm/relay/guest_socket.h"

namespace gaia::vm {
namespace {

constexpr std::uint64_t lookNs = 1'000'000'000;
constexpr std::size_t inputBytesMax = 4u << 20;  // at a time: some requests

}  // namespace

std::unique_ptr<DiskServer> DiskServer::start(relay::SharedDisk& disk, const std::string& socket,
                                              std::string* error) {
  const int listener = relay::listenAt(socket, error);
  if (listener < 0) return nullptr;
  return std::unique_ptr<DiskServer>(new DiskServer(disk, listener));
}

DiskServer::DiskServer(relay::SharedDisk& disk, int listener)
    : disk_(disk), listener_(listener), stop_(sys::eventDescriptor()), thread_([this] { run(); }) {}

DiskServer::~DiskServer() {
  sys::signal(stop_);
  thread_.join();
  sys::close(stop_);
  sys::close(listener_);
}

void DiskServer::run() {
  while (wait(listener_, POLLIN))
    if (const int descriptor = sys::accept(listener_); descriptor >= 0) converse(descriptor);
}

void DiskServer::converse(int descriptor) {
  Stream client;
  client.open(descriptor);
  NbdSession session(disk_);
  while (!client.broken()) {
    client.skip(session.take(client.input()));
    client.put(session.toClient());
    session.toClient().clear();
    client.flush();
    if (session.over() && !client.wantsToSend()) return;
    // What is asked for is answered before more is read.
    if (!wait(descriptor, client.wantsToSend() ? POLLOUT : POLLIN)) return;
    if (!client.wantsToSend()) client.receive(inputBytesMax);
  }
}

// False: the server is to end.
bool DiskServer::wait(int descriptor, short events) {
  std::array<pollfd, 2> descriptors{{{descriptor, events, 0}, {stop_, POLLIN, 0}}};
  do {
    descriptors[0].revents = descriptors[1].revents = 0;
    sys::poll(descriptors, lookNs);
    if (descriptors[1].revents != 0) return false;
  } while (descriptors[0].revents == 0);
  return true;
}

}  // namespace gaia::vm
