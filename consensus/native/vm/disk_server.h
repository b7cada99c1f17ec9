// The socket at which a guest's QEMU has its disk. A thread of its own: a flush takes as long as the host's
// disk does, and frames do not wait for that.
#pragma once
#include <memory>
#include <string>
#include <thread>

#include "vm/relay/shared_disk.h"

namespace gaia::vm {

class DiskServer {
 public:
  // QEMU is to connect to `socket`; one after the other.
  static std::unique_ptr<DiskServer> start(relay::SharedDisk& disk, const std::string& socket,
                                           std::string* error);
  ~DiskServer();

 private:
  DiskServer(relay::SharedDisk& disk, int listener);
  void run();
  void converse(int descriptor);
  bool wait(int descriptor, short events);

  relay::SharedDisk& disk_;
  int listener_;
  int stop_;
  std::thread thread_;
};

}  // namespace gaia::vm
