// The path of a Unix socket on which this relay and its side's QEMU meet. Both return -1 and set *error on
// failure.
#pragma once
#include <string>

namespace gaia::relay {

int listenAt(const std::string& path, std::string* error);   // for QEMU's `migrate unix:PATH`
int connectTo(const std::string& path, std::string* error);  // QEMU's `-incoming unix:PATH`

}  // namespace gaia::relay
