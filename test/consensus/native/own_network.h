// A network of its own for what a test starts, whose only interface can be taken down. It ends with its users.
#pragma once
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <exception>
#include <functional>
#include <thread>

namespace gaia::test {

// Of the calling thread's network: down, everything sent is lost without a word.
inline bool setLoopback(bool up) {
  const int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  bool done = ioctl(control, SIOCGIFFLAGS, &request) == 0;
  request.ifr_flags = static_cast<short>(up ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP);
  done = done && ioctl(control, SIOCSIFFLAGS, &request) == 0;
  close(control);
  return done;
}

// Calls `work` on a thread that has, as all threads started by it, a network of its own. False: not without root.
inline bool inOwnNetwork(const std::function<void()>& work) {
  bool ran = false;
  std::exception_ptr failure;
  std::thread([&] {
    if (unshare(CLONE_NEWNET) != 0 || !setLoopback(true)) return;
    ran = true;
    try {
      work();
    } catch (...) {
      failure = std::current_exception();
    }
  }).join();
  if (failure) std::rethrow_exception(failure);
  return ran;
}

}  // namespace gaia::test
