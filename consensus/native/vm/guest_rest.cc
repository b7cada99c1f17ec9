#include "vm/guest_rest.h"

#include <fcntl.h>
#include <unistd.h>

#include <string>
#include <string_view>
#include <vector>

#include "transport/sys.h"

namespace gaia::vm {
namespace {

// proc(5): its number, its name in brackets, its state. `stat`: its file.
bool runs(const std::string& stat) {
  const int descriptor = open(stat.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return false;
  char text[128];
  const ssize_t length = read(descriptor, text, sizeof text);
  ::close(descriptor);
  const std::string_view line(text, length > 0 ? static_cast<std::size_t>(length) : 0);
  const std::size_t nameEnd = line.rfind(") ");
  return nameEnd != line.npos && line.substr(nameEnd + 2).starts_with('R');
}

}  // namespace

bool GuestRest::rests(pid_t process) {
  const std::string path = "/proc/" + std::to_string(process) + "/task/";
  if (ran_.starts_with(path) && runs(ran_)) return false;
  std::vector<std::string> threads;
  sys::listDirectory(path, &threads);
  for (const std::string& thread : threads) {
    const std::string stat = path + thread + "/stat";
    if (thread[0] == '.' || stat == ran_ || !runs(stat)) continue;
    ran_ = stat;
    return false;
  }
  return true;
}

}  // namespace gaia::vm
