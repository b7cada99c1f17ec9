// The directory of a member with durability `disk`: whose it is, and that one process at a time uses it.
#pragma once
#include <optional>

#include "runtime/files.h"
#include "runtime/runtime.h"

namespace gaia {

class DataDirectory {
 public:
  DataDirectory(Files& files, std::string path) : files_(files), path_(std::move(path)) {}
  ~DataDirectory();

  // Takes the directory for `options.self`, and `options` as they were when it was first used: a member that
  // returns starts from the same founders. False: error() names the directory, who has it and what to do.
  // `key` follows from the group's secret: another group may have had the same name.
  bool take(ReplicaOptions* options, const std::string& key);
  bool fresh() const { return fresh_; }
  std::uint64_t seed() const { return seed_; }
  // Writes down whose this is; after everything that a member needs to return.
  bool sign(const ReplicaOptions& options, const std::string& key);
  // Says for all lives to come that nothing in here can be trusted any more, and why. False: not even that, see error().
  bool condemn(const std::string& cause);
  const std::string& error() const { return error_; }

 private:
  bool lock();
  bool readWhole(const std::string& name, std::optional<std::string>* text);
  bool judge(const std::string& text, ReplicaOptions* options, const std::string& key);
  bool writeWhole(const std::string& name, const std::string& text);
  bool fail(const std::string& cause);

  Files& files_;
  std::string path_;
  int lock_ = -1;
  bool fresh_ = true;
  std::uint64_t seed_ = 0;
  std::string error_;
};

}  // namespace gaia
