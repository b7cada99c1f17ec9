#include "transport/sys.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <ctime>
#include <optional>

#include "transport/low_numbers.h"

#ifndef GAIA_FAR_AREA
#define GAIA_FAR_AREA 0x6000'0000'0000
#endif

namespace gaia::sys {
namespace {

constexpr int backlogMax = 256;
constexpr int silenceMsMax = 2000;
constexpr int probeAfterS = 1;

constinit std::atomic<int> floorDescriptor{3};
constinit std::array<std::atomic<int>, 1024> registered{};  // descriptor + 1; 0: free
constinit std::atomic<std::uintptr_t> farNext{GAIA_FAR_AREA};
constinit std::atomic<bool> forkHandler{false};

timespec toTimespec(std::uint64_t ns) {
  return {static_cast<time_t>(ns / 1'000'000'000), static_cast<long>(ns % 1'000'000'000)};
}

void closeAllInChild() {
  for (auto& entry : registered) {
    const int descriptor = entry.exchange(0) - 1;
    if (descriptor >= 0) syscall(SYS_close, descriptor);
  }
}

int newSocket(int family, int type = SOCK_STREAM) {
  const LowNumber low;
  return own(static_cast<int>(syscall(SYS_socket, family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)));
}

socklen_t unixAddress(const std::string& name, sockaddr_un* address) {
  *address = {};
  address->sun_family = AF_UNIX;
  const std::size_t length = std::min(name.size(), sizeof(address->sun_path) - 1);
  std::memcpy(address->sun_path + 1, name.data(), length);
  return static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + length);
}

void setOption(int descriptor, int level, int option, int value) {
  syscall(SYS_setsockopt, descriptor, level, option, &value, sizeof(value));
}

// Bytes wait for no others, and a machine that is gone does not stay connected: what it leaves unacknowledged ends the
// connection, and where nothing is under way, probes do.
void tuneTcp(int descriptor) {
  setOption(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
  setOption(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, silenceMsMax);
  setOption(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
  setOption(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, probeAfterS);
  setOption(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, probeAfterS);
}

int failed(int descriptor) {
  const int error = errno;
  close(descriptor);
  errno = error;
  return -1;
}

// `join`: SYS_bind or SYS_connect.
int datagramSocket(long join, const std::string& host, std::uint16_t port) {
  sockaddr_storage address;
  const socklen_t length = ipAddress(host, port, &address);
  const int descriptor = newSocket(address.ss_family, SOCK_DGRAM);
  if (descriptor < 0) return -1;
  return syscall(join, descriptor, &address, length) == 0 ? descriptor : failed(descriptor);
}

}  // namespace

std::uint64_t nowNs() {
  timespec now;
  syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
}

void sleepNs(std::uint64_t ns) {
  const timespec span = toTimespec(ns);
  syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &span, nullptr);
}

void preferThread(int niceness) { syscall(SYS_setpriority, PRIO_PROCESS, 0, niceness); }

void futexWait(std::atomic<std::uint32_t>& word, std::uint32_t expected, std::uint64_t ns) {
  const timespec span = toTimespec(ns);
  syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, expected, &span, nullptr, 0);
}

void futexWake(std::atomic<std::uint32_t>& word) { syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0); }

void futexWaitShared(std::atomic<std::uint32_t>& word, std::uint32_t expected, std::uint64_t ns) {
  const timespec span = toTimespec(ns);
  syscall(SYS_futex, &word, FUTEX_WAIT, expected, &span, nullptr, 0);
}

void futexWakeShared(std::atomic<std::uint32_t>& word) { syscall(SYS_futex, &word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0); }

void Lock::lockSlowly() {
  while (state_.exchange(2, std::memory_order_acquire) != 0) futexWait(state_, 2, 1'000'000'000);
}

void setDescriptorFloor(int lowest) { floorDescriptor = lowest; }

int own(int descriptor) {
  if (descriptor < 0) return descriptor;
  if (descriptor < floorDescriptor) {
    const int moved = static_cast<int>(syscall(SYS_fcntl, descriptor, F_DUPFD_CLOEXEC, floorDescriptor.load()));
    const int error = errno;
    syscall(SYS_close, descriptor);
    errno = error;
    descriptor = moved;
  }
  for (auto& entry : registered) {
    int expected = 0;
    if (descriptor < 0 || entry.compare_exchange_strong(expected, descriptor + 1)) break;
  }
  return descriptor;
}

void endSending(int descriptor) { ::shutdown(descriptor, SHUT_WR); }

void forget(int descriptor) {
  for (auto& entry : registered) {
    int expected = descriptor + 1;
    if (entry.compare_exchange_strong(expected, 0)) break;
  }
}

void close(int descriptor) {
  if (descriptor < 0) return;
  forget(descriptor);
  syscall(SYS_close, descriptor);
}

void closeInForkChildren() {
  if (!forkHandler.exchange(true)) pthread_atfork(nullptr, nullptr, closeAllInChild);
}

int eventDescriptor() {
  const LowNumber low;
  return own(static_cast<int>(syscall(SYS_eventfd2, 0, EFD_NONBLOCK | EFD_CLOEXEC)));
}

void signal(int eventDescriptor) {
  const std::uint64_t one = 1;
  syscall(SYS_write, eventDescriptor, &one, sizeof(one));
}

void drain(int eventDescriptor) {
  std::uint64_t count;
  syscall(SYS_read, eventDescriptor, &count, sizeof(count));
}

int poll(std::span<pollfd> descriptors, std::uint64_t timeoutNs) {
  const timespec span = toTimespec(timeoutNs);
  return static_cast<int>(syscall(SYS_ppoll, descriptors.data(), descriptors.size(), &span, nullptr, 0));
}

int listenUnix(const std::string& abstractName) {
  const int descriptor = newSocket(AF_UNIX);
  sockaddr_un address;
  const socklen_t length = unixAddress(abstractName, &address);
  if (descriptor < 0) return -1;
  if (syscall(SYS_bind, descriptor, &address, length) != 0 || syscall(SYS_listen, descriptor, backlogMax) != 0) {
    return failed(descriptor);
  }
  return descriptor;
}

int connectUnix(const std::string& abstractName) {
  const int descriptor = newSocket(AF_UNIX);
  sockaddr_un address;
  const socklen_t length = unixAddress(abstractName, &address);
  if (descriptor < 0) return -1;
  return syscall(SYS_connect, descriptor, &address, length) == 0 ? descriptor : failed(descriptor);
}

socklen_t ipAddress(const std::string& host, std::uint16_t port, sockaddr_storage* address) {
  *address = {};
  auto* v4 = reinterpret_cast<sockaddr_in*>(address);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(address);
  const std::string literal = host == "localhost" ? "127.0.0.1" : host;
  if (inet_pton(AF_INET, literal.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    return sizeof(*v4);
  }
  if (inet_pton(AF_INET6, literal.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    return sizeof(*v6);
  }
  return 0;
}

bool isAddress(const std::string& host) {
  sockaddr_storage address;
  return ipAddress(host, 1, &address) != 0;
}

int listenTcp(const std::string& host, std::uint16_t port) {
  sockaddr_storage address;
  const socklen_t length = ipAddress(host, port, &address);
  const int descriptor = newSocket(address.ss_family);
  if (descriptor < 0) return -1;
  setOption(descriptor, SOL_SOCKET, SO_REUSEADDR, 1);
  if (syscall(SYS_bind, descriptor, &address, length) != 0 || syscall(SYS_listen, descriptor, backlogMax) != 0) {
    return failed(descriptor);
  }
  return descriptor;
}

int connectTcp(const std::string& host, std::uint16_t port) {
  sockaddr_storage address;
  const socklen_t length = ipAddress(host, port, &address);
  if (length == 0) return errno = EINVAL, -1;
  const int descriptor = newSocket(address.ss_family);
  if (descriptor < 0) return -1;
  tuneTcp(descriptor);
  if (syscall(SYS_connect, descriptor, &address, length) == 0 || errno == EINPROGRESS) return descriptor;
  return failed(descriptor);
}

int bindUdp(const std::string& host, std::uint16_t port) { return datagramSocket(SYS_bind, host, port); }

int connectUdp(const std::string& host, std::uint16_t port) { return datagramSocket(SYS_connect, host, port); }

void bearSilence(int descriptor, std::uint32_t ms) {
  setOption(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(ms));
}

int accept(int listener) {
  const LowNumber low;
  const int descriptor = own(static_cast<int>(syscall(SYS_accept4, listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)));
  if (descriptor >= 0) tuneTcp(descriptor);
  return descriptor;
}

int socketError(int descriptor) {
  int error = 0;
  socklen_t length = sizeof(error);
  syscall(SYS_getsockopt, descriptor, SOL_SOCKET, SO_ERROR, &error, &length);
  return error;
}

std::uint16_t localPort(int descriptor) {
  sockaddr_storage address{};
  socklen_t length = sizeof(address);
  syscall(SYS_getsockname, descriptor, &address, &length);
  return ntohs(address.ss_family == AF_INET ? reinterpret_cast<sockaddr_in&>(address).sin_port
                                            : reinterpret_cast<sockaddr_in6&>(address).sin6_port);
}

Address peerAddress(int descriptor) {
  sockaddr_storage address{};
  socklen_t length = sizeof(address);
  Address bytes{};
  syscall(SYS_getpeername, descriptor, &address, &length);
  if (address.ss_family == AF_INET) std::memcpy(bytes.data(), &reinterpret_cast<sockaddr_in&>(address).sin_addr, 4);
  if (address.ss_family == AF_INET6) std::memcpy(bytes.data(), &reinterpret_cast<sockaddr_in6&>(address).sin6_addr, 16);
  return bytes;
}

std::ptrdiff_t receive(int descriptor, std::span<std::byte> into, int* passedDescriptor) {
  std::optional<LowNumber> low;
  if (passedDescriptor != nullptr) low.emplace();
  iovec part{into.data(), into.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (passedDescriptor != nullptr) {
    message.msg_control = control;
    message.msg_controllen = sizeof(control);
  }
  const auto count = syscall(SYS_recvmsg, descriptor, &message, MSG_CMSG_CLOEXEC);
  if (count < 0 || passedDescriptor == nullptr) return count;
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    int passed;
    std::memcpy(&passed, CMSG_DATA(part), sizeof(passed));
    close(*passedDescriptor);
    *passedDescriptor = own(passed);
  }
  return count;
}

std::ptrdiff_t send(int descriptor, std::span<const std::byte> bytes, int passedDescriptor) {
  iovec part{const_cast<std::byte*>(bytes.data()), bytes.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (passedDescriptor >= 0) {
    message.msg_control = control;
    message.msg_controllen = sizeof(control);
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(header), &passedDescriptor, sizeof(int));
  }
  return syscall(SYS_sendmsg, descriptor, &message, MSG_NOSIGNAL);
}

std::string errorText(int error) {
  const char* name = strerrordesc_np(error);
  return name != nullptr ? name : "error " + std::to_string(error);
}

int memoryFile(std::size_t bytes) {
  const LowNumber low;
  const int descriptor = own(static_cast<int>(syscall(SYS_memfd_create, "gaia", MFD_CLOEXEC)));
  if (descriptor < 0) return -1;
  return syscall(SYS_ftruncate, descriptor, bytes) == 0 ? descriptor : failed(descriptor);
}

std::byte* mapFar(int descriptor, std::size_t bytes) {
  constexpr std::size_t alignment = 2u << 20;
  const std::size_t reach = (bytes + alignment - 1) / alignment * alignment + alignment;
  const int flags = descriptor < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
  for (int attempt = 0; attempt < 4096; attempt++) {
    void* wanted = reinterpret_cast<void*>(farNext.fetch_add(reach));
    void* got = mmap(wanted, bytes, PROT_READ | PROT_WRITE, flags | MAP_FIXED_NOREPLACE | MAP_NORESERVE, descriptor, 0);
    if (got == wanted) return static_cast<std::byte*>(got);
    if (got != MAP_FAILED) munmap(got, bytes);
    else if (errno != EEXIST) return nullptr;
  }
  return nullptr;
}

void unmap(std::byte* base, std::size_t bytes) {
  if (base != nullptr) munmap(base, bytes);
}

void randomBytes(std::span<std::byte> into) { syscall(SYS_getrandom, into.data(), into.size(), 0); }

}  // namespace gaia::sys
