// What tests of the relay's ends begin with: a session of pretended QEMUs that has the seed.
#pragma once
#include <doctest/doctest.h>

#include <string>

#include "relay_guests.h"
#include "transport/stream.h"
#include "vm/relay/guest_socket.h"

namespace gaia::relay::testing {

// A secondary that has the seed and stands still for the first round. Of the rig: directory, layout, incoming,
// dial(), until().
template <class Rig>
struct Seeded {
  explicit Seeded(Rig& rig) : rig(rig), writer(rig.layout) {
    rig.dial();
    std::string error;
    guest.open(connectTo(rig.directory.path() + "/out", &error));
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
