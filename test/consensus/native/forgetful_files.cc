#include "forgetful_files.h"

#include <algorithm>
#include <cerrno>

namespace gaia::test {
namespace {

constexpr std::size_t sectorBytes = 512;

std::string directoryOf(const std::string& path) { return path.substr(0, path.rfind('/')); }

}  // namespace

class ForgetfulFiles::Handle : public File {
 public:
  Handle(ForgetfulFiles& files, std::shared_ptr<Node> node) : files_(files), node_(std::move(node)) {}
  std::size_t bytes() const override { return node_->now.size(); }
  int read(std::size_t offset, std::span<std::byte> into) override {
    if (offset + into.size() > node_->now.size()) return EIO;
    std::copy_n(node_->now.begin() + static_cast<std::ptrdiff_t>(offset), into.size(), into.begin());
    return 0;
  }
  int write(std::size_t offset, std::span<const std::byte> bytes) override {
    const std::size_t end = offset + bytes.size();
    if (end > node_->now.size() && !node_->grows) return EFBIG;
    node_->now.resize(std::max(end, node_->now.size()));
    std::copy(bytes.begin(), bytes.end(), node_->now.begin() + static_cast<std::ptrdiff_t>(offset));
    return 0;
  }
  int sync() override {
    if (files_.syncError != 0) return files_.syncError;
    node_->kept = node_->now;
    return 0;
  }

 private:
  ForgetfulFiles& files_;
  std::shared_ptr<Node> node_;
};

int ForgetfulFiles::create(const std::string& path, std::size_t bytes, std::unique_ptr<File>* file) {
  if (names_.contains(path)) return EEXIST;
  std::size_t used = 0;
  for (const auto& [name, node] : names_) used += node->now.size();
  if (used + bytes > room) return ENOSPC;
  auto node = std::make_shared<Node>();
  node->now.resize(bytes);
  node->grows = bytes == 0;
  names_[path] = node;
  *file = std::make_unique<Handle>(*this, node);
  return 0;
}

int ForgetfulFiles::open(const std::string& path, std::unique_ptr<File>* file) {
  const auto found = names_.find(path);
  if (found == names_.end()) return ENOENT;
  *file = std::make_unique<Handle>(*this, found->second);
  return 0;
}

int ForgetfulFiles::rename(const std::string& from, const std::string& to) {
  const auto found = names_.find(from);
  if (found == names_.end()) return ENOENT;
  names_[to] = found->second;
  names_.erase(from);
  return 0;
}

int ForgetfulFiles::remove(const std::string& path) { return names_.erase(path) != 0 ? 0 : ENOENT; }

int ForgetfulFiles::list(const std::string& directory, std::vector<std::string>* names) {
  for (const auto& [path, node] : names_) {
    if (directoryOf(path) == directory) names->push_back(path.substr(directory.size() + 1));
  }
  return 0;
}

int ForgetfulFiles::sync(const std::string& directory) {
  if (namesError != 0) return namesError;
  std::erase_if(keptNames_, [&](const auto& entry) { return directoryOf(entry.first) == directory; });
  for (const auto& [path, node] : names_) {
    if (directoryOf(path) == directory) keptNames_[path] = node;
  }
  return 0;
}

// Of every name and every sector either the old or the new state is there afterwards.
void ForgetfulFiles::losePower(std::mt19937_64& random) {
  std::map<std::string, std::shared_ptr<Node>> names = keptNames_;
  for (const auto& [path, node] : names_) {
    const auto kept = keptNames_.find(path);
    if ((kept == keptNames_.end() || kept->second != node) && random() % 2 == 0) names[path] = node;
  }
  for (const auto& [path, node] : keptNames_) {
    if (!names_.contains(path) && random() % 2 == 0) names.erase(path);
  }
  for (const auto& [path, node] : names) {
    if (node->kept.empty() && random() % 2 == 0) node->now.clear();
    node->kept.resize(node->now.size());
    for (std::size_t at = 0; at < node->now.size(); at += sectorBytes) {
      const auto from = static_cast<std::ptrdiff_t>(at);
      const auto to = static_cast<std::ptrdiff_t>(std::min(node->now.size(), at + sectorBytes));
      if (random() % 2 == 0)
        std::copy(node->kept.begin() + from, node->kept.begin() + to, node->now.begin() + from);
    }
    node->kept = node->now;
  }
  names_ = names;
  keptNames_ = std::move(names);
}

}  // namespace gaia::test
