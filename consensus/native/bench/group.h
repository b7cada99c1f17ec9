// The members of one group on this host, for benchmarks whose replicas are processes of their own.
#pragma once
#include <map>
#include <variant>
#include <vector>

#include "runtime/runtime.h"

namespace gaia::bench {

// Reads `--name value` pairs into what `settings` names; ends the program with 2 at a name it does not know.
using Setting = std::variant<std::string*, std::size_t*, double*>;
void readArguments(int count, char** values, const std::map<std::string, Setting>& settings);

std::vector<std::uint16_t> freePorts(std::size_t count);

bool isTransport(const std::string& name);  // one that can be measured: "shm", "verbs" or "tcp"

// Options of `replicas` founders at the address `host` of this machine, with journals below `directory`.
std::vector<ReplicaOptions> founders(const std::string& transport, const std::string& host, std::size_t replicas,
                                     const std::string& directory);

// A directory for journals that is gone with its object; `failed()`: it could not be made.
class Directory {
 public:
  // Below `base`; empty: where temporary files go.
  explicit Directory(const std::string& base = {});
  ~Directory();
  Directory(const Directory&) = delete;
  bool failed() const { return path_.empty(); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace gaia::bench
