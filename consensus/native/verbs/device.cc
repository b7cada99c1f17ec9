#include "verbs/device.h"

#include <fcntl.h>
#include <locale.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "verbs/queue_pair.h"

namespace gaia::verbs {
namespace {

// This library's C library is a copy of its own; it has not seen the program's threads start.
void enterThread() {
  constinit thread_local bool entered __attribute__((tls_model("initial-exec"))) = false;
  if (!entered) uselocale(LC_GLOBAL_LOCALE);
  entered = true;
}

void doNotBlock(int descriptor) { fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK); }

}  // namespace

bool OpenedDevice::open(Address address, const Descriptors& descriptors, char* reason) {
  address_ = address;
  if (!bind(reason) || !openResources(reason) || !keys_->open(reason)) return false;
  listener_ = std::make_unique<Listener>(resources_, *keys_, id_);
  if (!listener_->listen(reason)) return false;
  descriptors_ = &descriptors;
  ownDescriptors();
  return true;
}

bool OpenedDevice::bind(char* reason) {
  inbound_ = rdma_create_event_channel();
  outbound_ = rdma_create_event_channel();
  if (inbound_ == nullptr || outbound_ == nullptr || rdma_create_id(inbound_, &id_, nullptr, RDMA_PS_TCP) != 0) {
    explain(reason, "the RDMA connection manager does not answer (is the kernel module rdma_ucm loaded?)", errno);
    return false;
  }
  if (rdma_bind_addr(id_, address_.any()) != 0 || id_->verbs == nullptr) {
    std::snprintf(reason, reasonBytes, "no RDMA device has the member's address");
    return false;
  }
  resources_.context = id_->verbs;
  return true;
}

bool OpenedDevice::openResources(char* reason) {
  ibv_context* context = resources_.context;
  const int error = ibv_query_device(context, &resources_.attributes);
  resources_.domain = error == 0 ? ibv_alloc_pd(context) : nullptr;
  resources_.completionChannel = resources_.domain == nullptr ? nullptr : ibv_create_comp_channel(context);
  if (resources_.completionChannel != nullptr) {
    const int length = std::min(completionQueueLength, resources_.attributes.max_cqe);
    resources_.completions = ibv_create_cq(context, length, nullptr, resources_.completionChannel, 0);
  }
  if (resources_.completions == nullptr) explain(reason, "the RDMA device gives no queues", error != 0 ? error : errno);
  return resources_.completions != nullptr;
}

// All that are ever opened: later connections need none, so that the program's own numbers stay undisturbed.
void OpenedDevice::ownDescriptors() {
  for (int* const one : {&inbound_->fd, &outbound_->fd, &resources_.completionChannel->fd, &resources_.context->cmd_fd,
                         &resources_.context->async_fd}) {
    doNotBlock(*one);
    *one = descriptors_->own(*one);
  }
}

// librdmacm keeps a device open once it has seen it, for the next one who binds to it, even when the device is removed; and
// the kernel waits with a removal until its files are closed. So they are replaced by one that is no device's; under
// their numbers, which librdmacm still knows.
void OpenedDevice::letGo() {
  for (const int one : {resources_.context->cmd_fd, resources_.context->async_fd}) dup3(outbound_->fd, one, O_CLOEXEC);
}

OpenedDevice::~OpenedDevice() {
  const bool gone = descriptors_ != nullptr && removed();
  if (descriptors_ != nullptr) {
    for (const int one : {inbound_->fd, outbound_->fd, resources_.completionChannel->fd}) descriptors_->forget(one);
    for (const int one : {resources_.context->cmd_fd, resources_.context->async_fd}) {
      if (!gone) descriptors_->forget(one);
    }
  }
  listener_.reset();
  keys_.reset();
  if (resources_.completions != nullptr) ibv_destroy_cq(resources_.completions);
  if (resources_.completionChannel != nullptr) ibv_destroy_comp_channel(resources_.completionChannel);
  if (resources_.domain != nullptr) ibv_dealloc_pd(resources_.domain);
  if (id_ != nullptr) rdma_destroy_id(id_);
  if (gone) letGo();
  if (inbound_ != nullptr) rdma_destroy_event_channel(inbound_);
  if (outbound_ != nullptr) rdma_destroy_event_channel(outbound_);
}

void OpenedDevice::serve(Doorkeeper& doorkeeper) {
  enterThread();
  listener_->serve(doorkeeper);
}

Connection* OpenedDevice::connect(const char* host, std::uint16_t port, const Token& token, std::span<std::byte> buffer,
                                  char* reason) {
  enterThread();
  Address to;
  if (!parseAddress(host, port, &to)) {
    explain(reason, "the member's host is not an address", EINVAL);
    return nullptr;
  }
  auto* connection = new OutboundConnection(resources_, region_, slot_, ++connections_, token);
  if (connection->start(outbound_, address_, to, buffer, reason)) return connection;
  connection->release();
  return nullptr;
}

void OpenedDevice::step() {
  enterThread();
  rdma_cm_event* event = nullptr;
  while (rdma_get_cm_event(outbound_, &event) == 0) {
    static_cast<OutboundConnection*>(event->id->context)->take(*event);
    rdma_ack_cm_event(event);
  }
}

std::size_t OpenedDevice::poll(std::span<Done> done) {
  constexpr int atOnce = 16;
  ibv_wc completions[atOnce];
  const int count = ibv_poll_cq(resources_.completions, std::min<int>(atOnce, static_cast<int>(done.size())), completions);
  for (int i = 0; i < count; i++) {
    const ibv_wc& one = completions[i];
    done[i] = {static_cast<std::uint32_t>(one.wr_id >> 32), static_cast<std::uint32_t>(one.wr_id),
               one.status == IBV_WC_SUCCESS ? nullptr : ibv_wc_status_str(one.status)};
  }
  return count < 0 ? 0 : static_cast<std::size_t>(count);
}

void OpenedDevice::disarm() {
  ibv_cq* queue = nullptr;
  void* unused = nullptr;
  unsigned events = 0;
  while (ibv_get_cq_event(resources_.completionChannel, &queue, &unused) == 0) events++;
  if (events != 0) ibv_ack_cq_events(resources_.completions, events);
}

}  // namespace gaia::verbs

extern "C" __attribute__((visibility("default"))) gaia::verbs::Device* gaiaOpenVerbsDevice(
    const char* host, const gaia::Region& region, std::uint8_t slot, const gaia::verbs::Descriptors& descriptors,
    char* reason) {
  using namespace gaia::verbs;
  enterThread();
  static const int forkable = ibv_fork_init();  // what the device writes stays the program's own when it forks
  if (forkable != 0) {
    explain(reason, "the RDMA library cannot live in a program that forks", forkable);
    return nullptr;
  }
  Address address;
  if (!parseAddress(host, 0, &address)) {
    explain(reason, "the member's own host is not an address", EINVAL);
    return nullptr;
  }
  auto* device = new OpenedDevice(region, slot);
  if (device->open(address, descriptors, reason)) return device;
  device->release();
  return nullptr;
}
