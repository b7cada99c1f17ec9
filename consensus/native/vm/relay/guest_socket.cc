#include "vm/relay/guest_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "transport/sys.h"

namespace gaia::relay {
namespace {

int open(const std::string& path, sockaddr_un* address, std::string* error) {
  if (path.size() >= sizeof(address->sun_path)) {
    *error = "the path " + path + " is longer than a socket's may be (" +
             std::to_string(sizeof(address->sun_path) - 1) + " bytes)";
    return -1;
  }
  address->sun_family = AF_UNIX;
  path.copy(address->sun_path, path.size());
  return socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

int failed(int descriptor, const std::string& what, std::string* error) {
  if (error->empty()) *error = what + ": " + sys::errorText(errno);
  if (descriptor >= 0) close(descriptor);
  return -1;
}

const sockaddr* generic(const sockaddr_un& address) { return reinterpret_cast<const sockaddr*>(&address); }

}  // namespace

int listenAt(const std::string& path, std::string* error) {
  sockaddr_un address{};
  const int descriptor = open(path, &address, error);
  unlink(path.c_str());
  const bool ok = descriptor >= 0 && bind(descriptor, generic(address), sizeof(address)) == 0 &&
                  listen(descriptor, 1) == 0;
  return ok ? sys::own(descriptor) : failed(descriptor, "cannot listen at " + path, error);
}

int connectTo(const std::string& path, std::string* error) {
  sockaddr_un address{};
  const int descriptor = open(path, &address, error);
  const bool ok = descriptor >= 0 && connect(descriptor, generic(address), sizeof(address)) == 0;
  return ok ? sys::own(descriptor) : failed(descriptor, "cannot connect to QEMU at " + path, error);
}

}  // namespace gaia::relay
