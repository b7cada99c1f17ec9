#include "transport/address_space.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <charconv>
#include <string_view>

#include "transport/sys.h"

namespace gaia {
namespace {

constexpr std::uintptr_t searchedFrom = 0x7000'0000'0000;  // the kernel searches downwards from the stack

std::string readWhole(const std::string& path) {
  const int descriptor = sys::openFile(path, O_RDONLY);
  std::string text;
  char part[16u << 10];
  for (long count; (count = syscall(SYS_read, descriptor, part, sizeof(part))) > 0;) {
    text.append(part, static_cast<std::size_t>(count));
  }
  sys::close(descriptor);
  return text;
}

Mapping parseLine(std::string_view line) {
  Mapping mapping;
  const char* const end = line.data() + line.size();
  const auto begin = std::from_chars(line.data(), end, mapping.begin, 16);
  std::from_chars(begin.ptr + 1, end, mapping.end, 16);
  const std::size_t path = line.find_first_of("/[");
  if (path != std::string_view::npos) mapping.path = line.substr(path);
  return mapping;
}

}  // namespace

std::vector<Mapping> mappings() {
  std::vector<Mapping> all;
  const std::string text = readWhole("/proc/self/maps");
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    all.push_back(parseLine(line));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
  }
  return all;
}

// The gap below the stack stays free for the stack; the kernel places nothing there.
GapsTaken::GapsTaken() {
  std::uintptr_t gap = searchedFrom;
  for (const Mapping& mapping : mappings()) {
    if (mapping.path == "[stack]") break;
    if (mapping.begin > gap && mapping.begin > searchedFrom) taken_.push_back({gap, mapping.begin, {}});
    gap = std::max(gap, mapping.end);
  }
  const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE;
  for (Mapping& one : taken_) {
    void* const wanted = reinterpret_cast<void*>(one.begin);
    if (mmap(wanted, one.end - one.begin, PROT_NONE, flags, -1, 0) == MAP_FAILED) one.end = one.begin;
  }
}

GapsTaken::~GapsTaken() {
  for (const Mapping& one : taken_) {
    if (one.end != one.begin) munmap(reinterpret_cast<void*>(one.begin), one.end - one.begin);
  }
}

}  // namespace gaia
