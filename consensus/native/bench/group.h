// The members of one group on this host, for benchmarks whose replicas are processes of their own.
#pragma once
#include <vector>

#include "runtime/runtime.h"

namespace gaia::bench {

std::vector<std::uint16_t> freePorts(std::size_t count);

// Options of `replicas` founders on loopback, with journals below `directory`. `transport`: "shm" or "tcp".
std::vector<ReplicaOptions> founders(const std::string& transport, std::size_t replicas,
                                     const std::string& directory);

// A directory for journals that is gone with its object; `failed()`: it could not be made.
class Directory {
 public:
  Directory();
  ~Directory();
  Directory(const Directory&) = delete;
  bool failed() const { return path_.empty(); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace gaia::bench
