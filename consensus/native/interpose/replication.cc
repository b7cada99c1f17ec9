#include "replication.h"

#include <netinet/in.h>

#include <cstring>
#include <string>

#include "control.h"
#include "datagram_relay.h"
#include "datagrams.h"
#include "descriptors.h"
#include "disk.h"
#include "forwarder.h"
#include "leader.h"
#include "listeners.h"
#include "options.h"
#include "process.h"
#include "real.h"
#include "signals.h"
#include "snapshot.h"
#include "trace.h"
#include "turns.h"

namespace gaia::interpose {

namespace {

SocketAddress boundAddress(int fd) {
  SocketAddress address{};
  socklen_t length = sizeof address.bytes;
  if (real().getsockname(fd, reinterpret_cast<sockaddr*>(address.bytes), &length) == 0)
    address.length = length;
  return address;
}

int portOf(const SocketAddress& address) {
  sockaddr_in6 copy{};
  std::memcpy(&copy, address.bytes, sizeof copy < sizeof address.bytes ? sizeof copy : sizeof address.bytes);
  const bool isInternet = copy.sin6_family == AF_INET || copy.sin6_family == AF_INET6;
  return address.length != 0 && isInternet ? ntohs(copy.sin6_port)
                                           : -1;  // both families have the port at one place
}

bool isAnyAddress(const SocketAddress& address) {
  sockaddr_in6 copy{};
  std::memcpy(&copy, address.bytes, sizeof address.bytes);
  if (copy.sin6_family == AF_INET6) return IN6_IS_ADDR_UNSPECIFIED(&copy.sin6_addr);
  return reinterpret_cast<const sockaddr_in*>(&copy)->sin_addr.s_addr == INADDR_ANY;
}

// Threads that it starts, or a library of its, block signals: those are the program's (strangers.h).
Runtime* startRuntime(std::string* error) {
  sigset_t all, before;
  sigfillset(&all);
  real().pthread_sigmask(SIG_SETMASK, &all, &before);
  Runtime* started = Runtime::start(options->replica, error).release();
  real().pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return started;
}

// One deterministic point of the program's execution for all that allocates or starts threads.
void startMember() {
  startTrace();
  std::string error;
  if (snapshotsByHook()) options->replica.snapshots = Snapshots::ordered;
  runtime = startRuntime(&error);
  if (runtime == nullptr) giveUp(error.c_str());
  signalsFd();
  setMode(Mode::replicating);
  startDiskThread();
  startSnapshots();
  startForwarder();
  startDatagramRelay();
  startControl();
}

bool isUnix(const SocketAddress& address) {
  sa_family_t family = AF_UNSPEC;
  std::memcpy(&family, address.bytes, sizeof family);
  return address.length != 0 && family == AF_UNIX;
}

void listenLocally(int fd) {
  Listener& listener = addListener(fd);
  listener.local = true;
  if (leadingHere) watchListener(listener);
}

}  // namespace

void boundTo(int fd) {
  int type = 0;
  socklen_t length = sizeof type;
  if (!descriptors.inRange(fd) || real().getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) != 0) return;
  if (type != SOCK_DGRAM || portOf(boundAddress(fd)) != options->replica.self.servicePort) return;
  OutsideTurn outside;
  addDatagramSocket(fd);
}

void startByDatagrams() {
  OutsideTurn outside;
  startMember();
}

void listenOn(int fd) {
  OutsideTurn outside;
  if (!descriptors.inRange(fd) || descriptors.kind(fd) == Kind::listener) return;
  const SocketAddress address = boundAddress(fd);
  if (isUnix(address)) return listenLocally(fd);
  if (portOf(address) != options->replica.self.servicePort) return;
  Listener& listener = addListener(fd);
  if (!isAnyAddress(address)) listener.bound = address;
  if (runtime == nullptr) startMember();
  forwardListener(fd);
  if (leadingHere) watchListener(listener);
}

}  // namespace gaia::interpose
