// The replica's configuration, written by the executor (ARCHITECTURE.md, "Control channel").
#pragma once
#include <array>
#include <cstdint>
#include <string>

#include "../runtime/runtime.h"

namespace gaia::interpose {

enum class Trace : std::uint8_t {
  off,
  turns,  // one line per turn
  calls   // also every clock, random and read call with its return address or buffer: finds the cause of a
          // divergence
};

struct Options {
  ReplicaOptions replica;
  std::string directory;  // the sandbox: the program may go elsewhere before it listens
  std::array<std::uint8_t, 32> seed{};
  std::uint64_t epochNs = 0;
  Trace trace = Trace::off;
  std::string snapshotFile;                  // relative to the working directory; empty: no hook
  std::string snapshotSend, snapshotExpect;  // what is sent, and how the answer begins
  std::uint64_t outputBytesMax = 256ull
                                 << 20;  // buffered output of one connection; above it the client is closed
  std::uint64_t outputBytesSoft = 4ull << 20;  // above it the connection is not reported writable
};

extern Options* options;  // null: this process is not replicated

// Parses the text of replica.conf. False: `error` names field, value and remedy.
bool parseOptions(const std::string& text, Options* out, std::string* error);

// Files of this library are kept in `directory` from here on, wherever the program goes.
void keepFilesIn(const std::string& directory, Options* options);

// Reads and parses `path` with system calls only; for files kept in the working directory.
bool readOptions(const char* path, Options* out, std::string* error);

}  // namespace gaia::interpose
