#include "group.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "transport/sys.h"

namespace gaia::bench {

namespace {

void assign(std::string* setting, const char* value) { *setting = value; }
void assign(std::size_t* setting, const char* value) { *setting = std::strtoul(value, nullptr, 10); }
void assign(double* setting, const char* value) { *setting = std::strtod(value, nullptr); }

}  // namespace

void readArguments(int count, char** values, const std::map<std::string, Setting>& settings) {
  for (int i = 1; i + 1 < count; i += 2) {
    const auto known = settings.find(values[i]);
    if (known == settings.end()) std::fprintf(stderr, "unknown option %s\n", values[i]), std::exit(2);
    std::visit([&](auto* setting) { assign(setting, values[i + 1]); }, known->second);
  }
}

std::vector<std::uint16_t> freePorts(std::size_t count) {
  std::vector<std::uint16_t> ports;
  std::vector<int> held;
  for (std::size_t i = 0; i < count; i++) {
    held.push_back(sys::listenTcp("127.0.0.1", 0));
    ports.push_back(sys::localPort(held.back()));
  }
  for (const int descriptor : held) sys::close(descriptor);
  return ports;
}

bool isTransport(const std::string& name) { return name == "shm" || name == "verbs" || name == "tcp"; }

std::vector<ReplicaOptions> founders(const std::string& transport, const std::string& host, std::size_t replicas,
                                     const std::string& directory) {
  const auto ports = freePorts(replicas);
  std::vector<Member> members;
  for (std::size_t i = 0; i < replicas; i++) {
    members.push_back(
        {static_cast<std::uint8_t>(i), static_cast<std::uint32_t>(i + 1), host, ports[i], 0});
  }
  ReplicaOptions options;
  options.group = "bench-" + std::to_string(getpid());
  sys::randomBytes(std::as_writable_bytes(std::span(options.secret)));
  options.transport = transport == "shm"     ? TransportChoice::shm
                      : transport == "verbs" ? TransportChoice::verbs
                                             : TransportChoice::tcp;
  std::vector<ReplicaOptions> all;
  for (const Member& self : members) {
    options.self = self;
    options.peers.clear();
    for (const Member& other : members) {
      if (other.number != self.number) options.peers.push_back(other);
    }
    options.journalDirectory = directory + "/" + std::to_string(self.number);
    all.push_back(options);
  }
  return all;
}

Directory::Directory(const std::string& base)
    : path_((base.empty() ? std::filesystem::temp_directory_path() : std::filesystem::path(base)) / "gaia-bench-XXXXXX") {
  if (mkdtemp(path_.data()) == nullptr) path_.clear();
}

Directory::~Directory() {
  if (!failed()) std::filesystem::remove_all(path_);
}

}  // namespace gaia::bench
