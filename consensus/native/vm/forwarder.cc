#include "vm/forwarder.h"

#include <arpa/inet.h>
#include <slirp/libslirp.h>

#include <bit>
#include <cerrno>

#include "transport/sys.h"

namespace gaia::vm {
namespace {

constexpr std::uint32_t ethernetMtu = 1500;
constexpr Ipv4Address nobodyAddress{10, 0, 2, 254};
constexpr const char* stationHost = "127.0.0.1";
constexpr int backlogMax = 1024;

in_addr toNetwork(const Ipv4Address& address) { return std::bit_cast<in_addr>(address); }

constexpr std::pair<int, short> pollBits[] = {{SLIRP_POLL_IN, POLLIN},
                                              {SLIRP_POLL_OUT, POLLOUT},
                                              {SLIRP_POLL_PRI, POLLPRI},
                                              {SLIRP_POLL_ERR, POLLERR},
                                              {SLIRP_POLL_HUP, POLLHUP}};

short toPoll(int slirpBits) {
  int bits = 0;
  for (const auto& [slirp, poll] : pollBits)
    if ((slirpBits & slirp) != 0) bits |= poll;
  return static_cast<short>(bits);
}

int fromPoll(short bits) {
  int slirpBits = 0;
  for (const auto& [slirp, poll] : pollBits)
    if ((bits & poll) != 0) slirpBits |= slirp;
  return slirpBits;
}

}  // namespace

struct SlirpCalls {
  static Forwarder& of(void* opaque) { return *static_cast<Forwarder*>(opaque); }

  static ssize_t send(const void* bytes, std::size_t length, void* opaque) {
    const View frame(static_cast<const std::byte*>(bytes), length);
    if (!isFrame(frame)) return -1;
    of(opaque).filter_.sent(frame);
    of(opaque).send_(frame);
    return static_cast<ssize_t>(length);
  }
  static int add(int descriptor, int events, void* opaque) {
    auto& list = *of(opaque).adding_;
    list.push_back({descriptor, toPoll(events), 0});
    return static_cast<int>(list.size() - 1 - of(opaque).first_);
  }
  static int readyEvents(int place, void* opaque) {
    const Forwarder& forwarder = of(opaque);
    return fromPoll(forwarder.ready_[forwarder.first_ + static_cast<std::size_t>(place)].revents);
  }
  static std::int64_t now(void*) { return static_cast<std::int64_t>(sys::nowNs()); }
  static void guestError(const char*, void*) {}  // a guest's malformed packet is the guest's affair
  // libslirp's only timer advertises IPv6 routers, and there is no IPv6 here. New descriptors are asked for
  // each time.
  static void* newTimer(SlirpTimerId, void* timer, void*) { return timer; }
  static void freeTimer(void*, void*) {}
  static void setTimer(void*, std::int64_t, void*) {}
  static void descriptorChanged(int, void*) {}
  static void notify(void*) {}
  static void completed(Slirp*, void*) {}

  static const SlirpCb* table() {
    static const SlirpCb calls{.send_packet = send,
                               .guest_error = guestError,
                               .clock_get_ns = now,
                               .timer_new = nullptr,
                               .timer_free = freeTimer,
                               .timer_mod = setTimer,
                               .register_poll_fd = descriptorChanged,
                               .unregister_poll_fd = descriptorChanged,
                               .notify = notify,
                               .init_completed = completed,
                               .timer_new_opaque = newTimer};
    return &calls;
  }
};

std::unique_ptr<Forwarder> Forwarder::start(std::uint8_t slot, const std::vector<Door>& doors, Send send,
                                            std::string* error) {
  std::unique_ptr<Forwarder> forwarder(new Forwarder(slot, std::move(send)));
  SlirpConfig config{};
  config.version = SLIRP_CONFIG_VERSION_MAX;
  config.in_enabled = true;
  config.vnetwork = toNetwork(segmentNetwork);
  config.vnetmask = toNetwork(segmentMask);
  config.vhost = toNetwork(stationAddress(slot));
  config.vnameserver = toNetwork(nobodyAddress);  // must be somebody else; no frame for it is admitted
  config.disable_dns = true;
  config.vdhcp_start = toNetwork(guestAddress);  // offered by all: any of them may be gone
  config.if_mtu = config.if_mru = ethernetMtu;
  forwarder->slirp_ = slirp_new(&config, SlirpCalls::table(), forwarder.get());
  for (const Door& door : doors)
    if (!forwarder->open(door, error)) return nullptr;
  forwarder->raiseBacklogs();
  return forwarder;
}

// libslirp listens with a backlog of 1, so that of clients that come together most would wait for seconds.
void Forwarder::raiseBacklogs() {
  std::vector<pollfd> descriptors;
  std::uint32_t timeoutMs = 0;
  addTo(&descriptors, &timeoutMs);
  for (const pollfd& entry : descriptors) {
    int listening = 0;
    socklen_t length = sizeof listening;
    if (getsockopt(entry.fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) == 0 && listening != 0)
      listen(entry.fd, backlogMax);
  }
}

bool Forwarder::open(const Door& door, std::string* error) {
  const bool udp = door.protocol == Door::Protocol::udp;
  const bool outer = door.host != stationHost;
  in_addr host{};
  inet_pton(AF_INET, outer ? stationHost : door.host.c_str(), &host);
  const in_addr guest = toNetwork(guestAddress);
  const bool opened = !outer || (udp ? outerDatagrams_.open(door) : outer_.open(door));
  if (opened && slirp_add_hostfwd(slirp_, udp, host, door.hostPort, guest, door.guestPort) == 0) return true;
  *error = std::string("cannot listen on ") + (udp ? "udp " : "tcp ") + door.host + ":" +
           std::to_string(door.hostPort) + ": " + sys::errorText(errno) + "; free the port" +
           (outer ? std::string(" here and at ") + stationHost : "") + " or choose another";
  return false;
}

Forwarder::~Forwarder() {
  if (slirp_ != nullptr) slirp_cleanup(slirp_);
}

void Forwarder::addTo(std::vector<pollfd>* descriptors, std::uint32_t* timeoutMs) {
  outer_.addTo(descriptors);
  outerDatagrams_.addTo(descriptors);
  adding_ = descriptors;
  first_ = descriptors->size();
  slirp_pollfds_fill(slirp_, timeoutMs, SlirpCalls::add, this);
  adding_ = nullptr;
}

void Forwarder::serve(std::span<const pollfd> ready) {
  const ReadySockets sockets(ready);
  outer_.serve(sockets);
  outerDatagrams_.serve(sockets);
  ready_ = ready;
  slirp_pollfds_poll(slirp_, 0, SlirpCalls::readyEvents, this);
  ready_ = {};
}

void Forwarder::receive(View frame) {
  if (!filter_.admits(frame)) return;
  slirp_input(slirp_, reinterpret_cast<const std::uint8_t*>(frame.data()), static_cast<int>(frame.size()));
}

}  // namespace gaia::vm
