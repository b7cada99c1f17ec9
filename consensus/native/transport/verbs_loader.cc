#include "transport/verbs_loader.h"

#include <dlfcn.h>

#include <cstring>

#include "transport/address_space.h"
#include "transport/sys.h"

namespace gaia::verbs {
namespace {

constexpr const char* libraryFile = "libgaia-verbs.so";
constexpr const char* devices = "/sys/class/infiniband";
constexpr Descriptors descriptors{sys::own, sys::forget};

// Beside the file that this code was loaded from, by the kernel's name for it: the program may have changed directory.
std::string libraryPath() {
  const auto here = reinterpret_cast<std::uintptr_t>(&libraryPath);
  for (const Mapping& mapping : mappings()) {
    if (here < mapping.begin || here >= mapping.end) continue;
    return mapping.path.substr(0, mapping.path.rfind('/') + 1) + libraryFile;
  }
  return libraryFile;
}

// Into a name space of its own, whose first library brings the heap for all in it (verbs/heap.cc).
OpenDevice load(std::string* reason) {
  const std::string path = libraryPath();
  const GapsTaken gaps;
  void* const library = dlmopen(LM_ID_NEWLM, path.c_str(), RTLD_NOW | RTLD_LOCAL);
  void* const open = library == nullptr ? nullptr : dlsym(library, openSymbol);
  if (open != nullptr) return reinterpret_cast<OpenDevice>(open);
  const std::string error = dlerror();
  const bool missing = error.starts_with("libibverbs") || error.starts_with("librdmacm");
  *reason = missing ? error.substr(0, error.find(':')) + " is not installed (Debian: librdmacm1, ibverbs-providers)" : error;
  return nullptr;
}

}  // namespace

Device* openDevice(const std::string& host, const Region& region, std::uint8_t slot, std::string* reason) {
  std::vector<std::string> found;
  if (sys::listDirectory(devices, &found) != 0 || found.size() <= 2) {  // itself and its parent
    return *reason = "this machine has no RDMA device", nullptr;
  }
  static std::string loadError;
  static const OpenDevice open = load(&loadError);
  if (open == nullptr) return *reason = loadError, nullptr;
  char text[reasonBytes] = "";
  const GapsTaken gaps;  // providers are loaded when the first device is opened
  Device* const device = open(host == "localhost" ? "127.0.0.1" : host.c_str(), region, slot, descriptors, text);
  if (device == nullptr) *reason = text;
  return device;
}

}  // namespace gaia::verbs
