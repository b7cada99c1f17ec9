// gaia-vm: one member of a replicated guest's group. The executor starts it with GAIA_REPLICA=FILE
// (vm.conf) and descriptor 3.
#include <sodium.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "runtime/core_dumps.h"
#include "runtime/stop_signals.h"
#include "transport/sys.h"
#include "vm/control.h"
#include "vm/disk_server.h"

namespace {

constexpr int exitUsage = 64, exitSoftware = 70;  // sysexits.h

void run(gaia::vm::DataPlane& plane, gaia::vm::Synchronisation& synchronisation, gaia::vm::Control& control,
         int stopping) {
  std::vector<pollfd> descriptors;
  while (!plane.ended()) {
    descriptors.clear();
    std::uint32_t timeoutMs = 1000;
    plane.addTo(&descriptors, &timeoutMs);
    synchronisation.addTo(&descriptors);
    control.addTo(&descriptors);
    descriptors.push_back({stopping, POLLIN, 0});
    gaia::sys::poll(descriptors, std::uint64_t{timeoutMs} * 1'000'000);
    plane.serve(descriptors);
    synchronisation.serve(gaia::sys::nowNs());
    control.serve(descriptors, plane, synchronisation);
    control.report(plane, synchronisation, gaia::sys::nowNs());
    if (descriptors.back().revents != 0) plane.stop();
  }
}

}  // namespace

int main() {
  gaia::dumpNoMemory();
  if (sodium_init() < 0) return exitSoftware;
  const int stopping = gaia::stopSignals();
  gaia::vm::Control control;
  gaia::vm::Options options;
  std::string error =
      "GAIA_REPLICA is not set; it must name the file with this member's configuration (vm.conf)";
  const char* path = getenv("GAIA_REPLICA");
  const bool understood = path != nullptr && gaia::vm::readOptions(path, &options, &error);
  gaia::relay::SharedDisk disk;
  std::unique_ptr<gaia::vm::DiskServer> server;
  const bool hasDisk = understood && !options.diskFile.empty();
  if (hasDisk && disk.open(options.diskFile, &error))
    server = gaia::vm::DiskServer::start(disk, options.diskSocket, &error);
  const bool ready = understood && hasDisk == (server != nullptr);
  const auto plane = ready ? gaia::vm::DataPlane::start(options, &error) : nullptr;
  if (plane != nullptr) {
    gaia::vm::Synchronisation synchronisation(options, *plane, hasDisk ? &disk : nullptr);
    run(*plane, synchronisation, control, stopping);
    return 0;
  }
  control.fail(error);
  std::fprintf(stderr, "gaia-vm: %s\n", error.c_str());
  return understood ? exitSoftware : exitUsage;
}
