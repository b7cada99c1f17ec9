// A disk that forgets: what was not synchronised is lost, kept or torn by sectors when the power fails, as
// chance has it.
#pragma once
#include <map>
#include <memory>
#include <random>

#include "runtime/files.h"

namespace gaia::test {

class ForgetfulFiles : public Files {
 public:
  int create(const std::string& path, std::size_t bytes, std::unique_ptr<File>* file) override;
  int open(const std::string& path, std::unique_ptr<File>* file) override;
  int rename(const std::string& from, const std::string& to) override;
  int remove(const std::string& path) override;
  int list(const std::string& directory, std::vector<std::string>* names) override;
  int sync(const std::string& directory) override;

  void losePower(std::mt19937_64& random);
  std::vector<std::byte>& contents(const std::string& path) { return names_.at(path)->now; }
  std::size_t count() const { return names_.size(); }

  std::size_t room = ~std::size_t{0};  // bytes that files may have in all
  int syncError = 0;                   // what synchronising a file gives
  int namesError = 0;                  // what synchronising a directory gives

 private:
  struct Node {
    std::vector<std::byte> now, kept;
    bool grows = false;  // was created without a size
  };
  class Handle;
  std::map<std::string, std::shared_ptr<Node>> names_, keptNames_;
};

}  // namespace gaia::test
