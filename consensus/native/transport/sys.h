// System calls, made directly: this code runs inside programs whose libc calls are interposed, and on their threads.
// Also: real descriptors out of the program's way, mappings in a far fixed area, a lock without pthreads.
#pragma once
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace gaia::sys {

std::uint64_t nowNs();  // monotonic
void sleepNs(std::uint64_t ns);
void preferThread(int niceness);  // the calling thread; without the permission for it all stays as it is

// Waits while `word` is `expected`, at most `ns`.
void futexWait(std::atomic<std::uint32_t>& word, std::uint32_t expected, std::uint64_t ns);
void futexWake(std::atomic<std::uint32_t>& word);
// The same between processes that share the word's memory.
void futexWaitShared(std::atomic<std::uint32_t>& word, std::uint32_t expected, std::uint64_t ns);
void futexWakeShared(std::atomic<std::uint32_t>& word);

// --- descriptors. All are close-on-exec, at or above the floor, and closed in fork children, so that a child of the
// program does not keep a dead member's connections alive.
void setDescriptorFloor(int lowest);
int own(int descriptor);  // moves it above the floor and registers it; -1 stays -1
void forget(int descriptor);  // it will be closed by others: no longer registered
void close(int descriptor);
void endSending(int descriptor);
void closeInForkChildren();  // installs the handler, once

int eventDescriptor();
void signal(int eventDescriptor);
void drain(int eventDescriptor);
int poll(std::span<pollfd> descriptors, std::uint64_t timeoutNs);

// --- sockets, all non-blocking; -1 and `errno` on failure
int listenUnix(const std::string& abstractName);
int connectUnix(const std::string& abstractName);
int listenTcp(const std::string& host, std::uint16_t port);
int connectTcp(const std::string& host, std::uint16_t port);
int accept(int listener);
int bindUdp(const std::string& host, std::uint16_t port);
int connectUdp(const std::string& host, std::uint16_t port);
// For a connection whose other side may stop reading for a while, which counts as a silence: how long one may last.
void bearSilence(int descriptor, std::uint32_t ms);
int socketError(int descriptor);
std::uint16_t localPort(int descriptor);
using Address = std::array<std::byte, 16>;
Address peerAddress(int descriptor);  // of an IP socket, without the port; all zero: of another
bool isAddress(const std::string& host);  // a literal address or "localhost"
socklen_t ipAddress(const std::string& host, std::uint16_t port, sockaddr_storage* address);  // 0: `host` is none
std::ptrdiff_t receive(int descriptor, std::span<std::byte> into, int* passedDescriptor);
std::ptrdiff_t send(int descriptor, std::span<const std::byte> bytes, int passedDescriptor);
std::string errorText(int error);

// --- files and memory
int memoryFile(std::size_t bytes);
std::byte* mapFar(int descriptor, std::size_t bytes);  // shared; anonymous when descriptor is -1; null on failure
void unmap(std::byte* base, std::size_t bytes);
int makeDirectories(const std::string& path);             // 0 or the error
int createFile(const std::string& path, std::size_t bytes, int* descriptor);  // exclusively, allocated; 0 or the error
int openFile(const std::string& path, int flags);  // -1 and errno on failure; created with mode 0600 where asked for
int lockFile(int descriptor);                      // exclusively, without waiting; 0 or the error
int listDirectory(const std::string& path, std::vector<std::string>* names);  // 0 or the error
void removeFile(const std::string& path);
void randomBytes(std::span<std::byte> into);

// Calls `transfer(from, bytes)`, as pread(2) and pwrite(2) are called, until all of [from, to) is done; 0 or the error.
template <class Transfer>
int transferAll(std::size_t from, std::size_t to, Transfer transfer) {
  while (from < to) {
    const auto done = transfer(from, to - from);
    if (done == 0) return EIO;
    if (done < 0 && errno != EINTR) return errno;
    if (done > 0) from += static_cast<std::size_t>(done);
  }
  return 0;
}

class Lock {
 public:
  void lock() {
    std::uint32_t expected = 0;
    if (!state_.compare_exchange_strong(expected, 1, std::memory_order_acquire)) lockSlowly();
  }
  void unlock() {
    if (state_.exchange(0, std::memory_order_release) == 2) futexWake(state_);
  }

 private:
  void lockSlowly();
  std::atomic<std::uint32_t> state_{0};  // 1: taken, 2: taken and someone sleeps
};

}  // namespace gaia::sys
