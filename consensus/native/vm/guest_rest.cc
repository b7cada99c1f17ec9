#include "vm/guest_rest.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <string_view>

namespace gaia::vm {
namespace {

// proc(5): its number, its name in brackets, its state.
bool runs(int tasks, const char* thread) {
  const int stat = openat(tasks, (std::string(thread) + "/stat").c_str(), O_RDONLY | O_CLOEXEC);
  if (stat < 0) return false;
  char text[128];
  const ssize_t length = read(stat, text, sizeof text);
  ::close(stat);
  const std::string_view line(text, length > 0 ? static_cast<std::size_t>(length) : 0);
  const std::size_t nameEnd = line.rfind(") ");
  return nameEnd != line.npos && line.substr(nameEnd + 2).starts_with('R');
}

}  // namespace

bool rests(pid_t process) {
  const std::string path = "/proc/" + std::to_string(process) + "/task";
  const std::unique_ptr<DIR, int (*)(DIR*)> tasks(opendir(path.c_str()), closedir);
  if (tasks == nullptr) return true;
  while (const dirent* thread = readdir(tasks.get()))
    if (thread->d_name[0] != '.' && runs(dirfd(tasks.get()), thread->d_name)) return false;
  return true;
}

}  // namespace gaia::vm
