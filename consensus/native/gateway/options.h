// replica.conf, as an interposed server's (ARCHITECTURE.md, "Control channel"); what only interposers need is passed over.
#pragma once
#include <string>

#include "runtime/runtime.h"

namespace gaia::gateway {

struct Options {
  ReplicaOptions replica;
  bool compares = true;  // what servers say, with each other
};

// False: `error` names the line and what is to be done.
bool parseOptions(const std::string& text, Options* out, std::string* error);
bool readOptions(const char* path, Options* out, std::string* error);

}  // namespace gaia::gateway
