#include "vm/bridge_port.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "transport/sys.h"
#include "vm/segment.h"

namespace gaia::vm {
namespace {

constexpr int readsMax = 64;  // at a time: others wait
constexpr const char* device = "/dev/net/tun";

std::string remedyOf(int code) {
  if (code == EPERM || code == EACCES)
    return "it takes root or CAP_NET_ADMIN: run the agent so, or use ports";
  if (code == ENOENT || code == ENXIO) return "the kernel needs the module tun";
  return "see the host's network devices";
}

ifreq named(const char* name) {
  ifreq request{};
  std::strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  return request;
}

// A device of a name that the kernel has chosen. 0 or the error.
int makeTap(int tap, std::string* name) {
  ifreq request = named("gaia%d");
  request.ifr_flags = IFF_TAP | IFF_NO_PI;
  if (ioctl(tap, TUNSETIFF, &request) != 0) return errno;
  *name = request.ifr_name;
  return 0;
}

int join(const std::string& bridge, const std::string& name) {
  const int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq port = named(bridge.c_str()), up = named(name.c_str());
  port.ifr_ifindex = static_cast<int>(if_nametoindex(name.c_str()));
  bool done = ioctl(control, SIOCBRADDIF, &port) == 0 && ioctl(control, SIOCGIFFLAGS, &up) == 0;
  up.ifr_flags = static_cast<short>(up.ifr_flags | IFF_UP);
  done = done && ioctl(control, SIOCSIFFLAGS, &up) == 0;
  const int code = done ? 0 : errno;
  sys::close(control);
  return code;
}

}  // namespace

std::unique_ptr<BridgePort> BridgePort::open(const Bridge& bridge, std::string* error) {
  const auto refuse = [&](const std::string& cause, const std::string& remedy) {
    *error = "bridge=" + bridge.name + ": " + cause + "; " + remedy;
    return nullptr;
  };
  if (if_nametoindex(bridge.name.c_str()) == 0)
    return refuse("there is no such interface on this host", "make the bridge, or name one that is there");
  const int tap = ::open(device, O_RDWR | O_NONBLOCK | O_CLOEXEC);
  int code = tap < 0 ? errno : 0;
  if (code != 0) return refuse(device + (": " + sys::errorText(code)), remedyOf(code));
  std::unique_ptr<BridgePort> made(new BridgePort(tap, bridge.guest));
  std::string name;
  if ((code = makeTap(tap, &name)) != 0)
    return refuse("no tap device can be made: " + sys::errorText(code), remedyOf(code));
  code = join(bridge.name, name);
  if (code == EOPNOTSUPP) return refuse("this interface is no bridge", "name a bridge");
  if (code != 0) return refuse("no device can be added: " + sys::errorText(code), remedyOf(code));
  return made;
}

BridgePort::~BridgePort() { sys::close(tap_); }

bool BridgePort::isForGuest(View frame) const {
  const MacAddress to = destinationOf(frame);
  const bool own = std::equal(guest_.begin(), guest_.end(), frame.begin() + to.size());
  return !own && (to == guest_ || (to[0] & std::byte{1}) != std::byte{0});
}

void BridgePort::serve(std::span<const pollfd> ready, const std::function<void(View frame)>& take) {
  const auto isReady = [this](const pollfd& entry) { return entry.fd == tap_ && entry.revents != 0; };
  if (std::none_of(ready.begin(), ready.end(), isReady)) return;
  part_.resize(frameBytesMax);
  for (int i = 0; i < readsMax; i++) {
    const ssize_t got = read(tap_, part_.data(), part_.size());
    if (got <= 0) return;
    const View frame = View(part_).first(static_cast<std::size_t>(got));
    if (isFrame(frame) && isForGuest(frame)) take(frame);
  }
}

void BridgePort::send(View frame) const { (void)!write(tap_, frame.data(), frame.size()); }

// A request of RARP that asks for the guest's own address: what QEMU sends after a migration.
void BridgePort::announce() const { send(arpFrame(ArpQuestion::whoHasMac, {guest_}, {guest_})); }

}  // namespace gaia::vm
