// What tests of the relay's ends begin with: a folder for the sockets of pretended QEMUs, and a session that
// has the seed.
#pragma once
#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "relay_guests.h"
#include "transport/stream.h"
#include "vm/relay/guest_socket.h"

namespace gaia::relay::testing {

// The sockets of two pretended QEMUs in a folder of their own.
struct Folder {
  Folder() {
    char name[] = "/tmp/gaia-relay-XXXXXX";
    path = mkdtemp(name);
  }
  ~Folder() {
    for (const char* const name : {"/in", "/out"}) unlink((path + name).c_str());
    rmdir(path.c_str());
  }
  std::string path;
};

// A secondary that has the seed and stands still for the first round. Of the rig: folder, layout, incoming,
// dial(), until().
template <class Rig>
struct Seeded {
  explicit Seeded(Rig& rig) : rig(rig), writer(rig.layout) {
    rig.dial();
    std::string error;
    guest.open(connectTo(rig.folder.path + "/out", &error));
    REQUIRE(passes(writer.seed(rig.layout.ram()), guest, secondary));
    REQUIRE(passes(Writer::message(Message::ready), secondary, guest));
    guest.put(writer.request());
    REQUIRE(rig.until([&] {
      guest.flush();
      return rig.primaryEnd().asked();
    }));
    rig.primaryEnd().begin("test");
    REQUIRE(hears(writer.request().size(), secondary));
    REQUIRE(passes(Writer::message(Message::reply), secondary, guest));
  }
  bool passes(const Bytes& bytes, Stream& from, Stream& to) {
    from.put(bytes);
    from.flush();
    return hears(bytes.size(), to, &from);
  }
  bool hears(std::size_t bytes, Stream& to, Stream* from = nullptr) {
    const auto arrived = rig.until([&] {
      if (from != nullptr) from->flush();
      if (secondary.descriptor() < 0)
        if (const int descriptor = sys::accept(rig.incoming); descriptor >= 0) secondary.open(descriptor);
      if (to.descriptor() >= 0) to.receive();
      return to.available() >= bytes;
    });
    to.forgetInput();
    return arrived;
  }
  Bytes round(std::size_t stateBytes) {
    return writer.round(rig.layout.ram(), {{}}, Bytes(stateBytes, std::byte{1}));
  }
  Rig& rig;
  Writer writer;
  Stream guest, secondary;
};

}  // namespace gaia::relay::testing
