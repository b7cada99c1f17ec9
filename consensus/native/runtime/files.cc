#include "runtime/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "transport/sys.h"

namespace gaia {
namespace {

class SystemFile : public File {
 public:
  explicit SystemFile(int descriptor) : descriptor_(descriptor) {}
  ~SystemFile() override { sys::close(descriptor_); }

  std::size_t bytes() const override {
    struct stat facts {};
    return fstat(descriptor_, &facts) == 0 ? static_cast<std::size_t>(facts.st_size) : 0;
  }
  int read(std::size_t offset, std::span<std::byte> into) override {
    return sys::transferAll(offset, offset + into.size(), [&](std::size_t from, std::size_t bytes) {
      return pread(descriptor_, into.data() + (from - offset), bytes, static_cast<off_t>(from));
    });
  }
  int write(std::size_t offset, std::span<const std::byte> bytes) override {
    return sys::transferAll(offset, offset + bytes.size(), [&](std::size_t from, std::size_t part) {
      return pwrite(descriptor_, bytes.data() + (from - offset), part, static_cast<off_t>(from));
    });
  }
  // The system call itself: inside a program fdatasync() is the interposer's.
  int sync() override { return syscall(SYS_fdatasync, descriptor_) == 0 ? 0 : errno; }

 private:
  int descriptor_;
};

class SystemFiles : public Files {
 public:
  int create(const std::string& path, std::size_t bytes, std::unique_ptr<File>* file) override {
    int descriptor;
    if (const int error = sys::createFile(path, bytes, &descriptor)) return error;
    *file = std::make_unique<SystemFile>(descriptor);
    return 0;
  }
  int open(const std::string& path, std::unique_ptr<File>* file) override {
    const int descriptor = sys::openFile(path, O_RDWR);
    if (descriptor < 0) return errno;
    *file = std::make_unique<SystemFile>(descriptor);
    return 0;
  }
  int rename(const std::string& from, const std::string& to) override {
    return syscall(SYS_renameat2, AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), 0) == 0 ? 0 : errno;
  }
  int remove(const std::string& path) override {
    return syscall(SYS_unlinkat, AT_FDCWD, path.c_str(), 0) == 0 ? 0 : errno;
  }
  int list(const std::string& directory, std::vector<std::string>* names) override {
    return sys::listDirectory(directory, names);
  }
  int sync(const std::string& directory) override {
    const int descriptor = sys::openFile(directory, O_RDONLY | O_DIRECTORY);
    if (descriptor < 0) return errno;
    const int error = syscall(SYS_fsync, descriptor) == 0 ? 0 : errno;
    sys::close(descriptor);
    return error;
  }
};

}  // namespace

Files& systemFiles() {
  static SystemFiles files;
  return files;
}

}  // namespace gaia
