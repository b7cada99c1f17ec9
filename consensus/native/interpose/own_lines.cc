#include "own_lines.h"

#include <algorithm>
#include <string_view>

namespace gaia::interpose {

namespace {

using std::string_view;

constexpr string_view heading = "# Server\r\n";
constexpr std::size_t headingWithin = 40;  // a length and a type come before it
constexpr string_view ownFields[] = {"tcp_port:", "executable:", "config_file:", "os:"};

bool isOwn(string_view line) {
  return std::ranges::any_of(ownFields, [line](string_view field) { return line.starts_with(field); });
}

}  // namespace

bool describesReplica(const void* data, std::size_t bytes) {
  if (bytes < headingWithin) [[likely]]
    return false;
  return string_view(static_cast<const char*>(data), headingWithin).find(heading) != string_view::npos;
}

// The reply's first line is its length, which follows from the lines.
std::string sharedLines(const void* data, std::size_t bytes) {
  string_view rest(static_cast<const char*>(data), bytes);
  std::string shared;
  rest.remove_prefix(rest.find(heading));
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size() - 1) + 1;
    if (!isOwn(rest.substr(0, end))) shared += rest.substr(0, end);
    rest.remove_prefix(end);
  }
  return shared;
}

}  // namespace gaia::interpose
