#include "reexec.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/personality.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "real.h"
#include "told_port.h"
#include "unexpected.h"

extern char** environ;

namespace gaia::interpose {

namespace {

constexpr const char* doneMarker = "GAIA_NORMALIZED=1";
// Decay is driven by the clock and moves extents; more arenas than one are chosen by CPU number. Both change
// addresses.
constexpr const char* allocatorSettings =
    "MALLOC_CONF=narenas:1,dirty_decay_ms:-1,muzzy_decay_ms:-1,background_thread:false";
constexpr int variablesMax = 1024;

// Variables whose value or length differs between the replicas of one group. PORT and PORT0.. stay, with the number that all
// replicas are told (told_port.h).
constexpr const char* differing[] = {
    "MESOS_", "LIBPROCESS_", "MARATHON_", "HOST=",   "HOSTNAME=",   "OLDPWD=",
    "PWD=",   "_=",          "SHLVL=",    "TMPDIR=", "MALLOC_CONF="};

bool startsWith(const char* text, const char* prefix) { return strncmp(text, prefix, strlen(prefix)) == 0; }

bool differs(const char* variable) {
  for (const char* prefix : differing)
    if (startsWith(variable, prefix)) return true;
  return false;
}

bool isNormalized() {
  for (char** variable = environ; *variable != nullptr; ++variable)
    if (strcmp(*variable, doneMarker) == 0) return true;
  return false;
}

int compareText(const void* a, const void* b) {
  return strcmp(*static_cast<const char* const*>(a), *static_cast<const char* const*>(b));
}

// Of a variable; lasts until another program is executed.
const char* kept(const char* variable, std::uint16_t servicePort) {
  return startsWith(variable, "PORT") ? (new std::string(withToldPort(variable, servicePort)))->c_str() : variable;
}

void fillEnvironment(const char** out, std::uint16_t servicePort) {
  int count = 0;
  for (char** variable = environ; *variable != nullptr && count < variablesMax - 3; ++variable)
    if (!differs(*variable)) out[count++] = kept(*variable, servicePort);
  out[count++] = allocatorSettings;
  out[count++] = doneMarker;
  qsort(out, static_cast<size_t>(count), sizeof *out, compareText);
  out[count] = nullptr;
}

ssize_t readWhole(const char* path, char* to, size_t room) {
  const int fd = real().open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  size_t used = 0;
  ssize_t got;
  while (used < room && (got = real().read(fd, to + used, room - used)) > 0) used += static_cast<size_t>(got);
  real().close(fd);
  return static_cast<ssize_t>(used);
}

// The program's arguments, from /proc/self/cmdline: constructors of a preloaded library get none by contract.
bool fillArguments(char* text, size_t room, char** out, int outMax) {
  const ssize_t bytes = readWhole("/proc/self/cmdline", text, room);
  if (bytes <= 0 || static_cast<size_t>(bytes) == room) return false;
  int count = 0;
  for (char* at = text; at < text + bytes && count < outMax - 1; at += strlen(at) + 1) out[count++] = at;
  out[count] = nullptr;
  return true;
}

bool sameFile(const char* a, const char* b) {
  struct stat first, second;
  return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_dev == second.st_dev &&
         first.st_ino == second.st_ino;
}

// Where the arguments start that belong to `path`. The kernel runs a script as "interpreter script
// arguments...": executed again by its own name, it must not get itself as an argument.
char** argumentsOf(const char* path, char** arguments) {
  if (sameFile(path, "/proc/self/exe")) return arguments;
  while (*arguments != nullptr && strcmp(*arguments, path) != 0) ++arguments;
  return *arguments == nullptr ? nullptr : arguments;
}

// By the name the kernel was given (getauxval(3), AT_EXECFN), not by the file it leads to: `ps` and `pgrep`
// show the program's own name although it may be a link to another, and no path of this machine enters the
// address space.
void executeAgain(std::uint16_t servicePort) {
  static char text[256 << 10];
  static char* arguments[4096];
  static const char* environment[variablesMax];
  if (!fillArguments(text, sizeof text - 1, arguments, 4096)) return;
  fillEnvironment(environment, servicePort);
  const auto* path = reinterpret_cast<const char*>(getauxval(AT_EXECFN));
  char** own = path == nullptr ? nullptr : argumentsOf(path, arguments);
  if (own != nullptr) execve(path, own, const_cast<char**>(environment));
  execve("/proc/self/exe", arguments, const_cast<char**>(environment));  // started by descriptor (fexecve(3))
}

}  // namespace

bool isLauncher() {
  char path[4096];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
  if (length <= 0) return false;
  path[length] = 0;
  const char* slash = strrchr(path, '/');
  const char* name = slash == nullptr ? path : slash + 1;
  for (const char* launcher :
       {"sh", "dash", "bash", "ksh", "zsh", "busybox", "env", "nice", "setsid", "stdbuf"})
    if (strcmp(name, launcher) == 0) return true;
  return false;
}

void normalizeProcess(std::uint16_t servicePort) {
  if (isNormalized()) {
    if ((personality(0xffffffff) & ADDR_NO_RANDOMIZE) == 0) countUnexpected(Unexpected::addressRandomization);
    return;
  }
  const int before = personality(0xffffffff);
  if (before != -1) personality(static_cast<unsigned long>(before) | ADDR_NO_RANDOMIZE);
  executeAgain(servicePort);
  countUnexpected(Unexpected::addressRandomization);
}

}  // namespace gaia::interpose
