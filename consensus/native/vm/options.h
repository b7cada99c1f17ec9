// A member's configuration, written by the executor: replica.conf's lines of the group, and those of the
// guest.
#pragma once
#include <string>
#include <vector>

#include "runtime/runtime.h"
#include "vm/frame.h"

namespace gaia::vm {

// Clients of host:hostPort reach the guest's port.
struct Door {
  enum class Protocol : std::uint8_t { tcp, udp } protocol = Protocol::tcp;
  std::string host;  // a literal address
  std::uint16_t hostPort = 0;
  std::uint16_t guestPort = 0;
};

constexpr std::size_t doorsMax = 64;

// Where the guest is on the operator's network instead of behind doors.
struct Bridge {
  std::string name;  // of an interface, empty: none
  MacAddress guest{};
};

struct Options {
  ReplicaOptions replica;
  std::string guestSocket;  // where QEMU's `-netdev stream` connects to, at most 107 bytes; empty: this
                            // member is a witness
  // Both empty, or both given by members with a guest that is to be synchronised.
  std::string migrationSocket;  // where QEMU migrates to, or is incoming
  std::string memoryBlock;      // the guest's RAM: QEMU's name of it, and the file that QEMU has it in
  std::string memoryFile;
  // Both empty: the guest has no disk.
  std::string diskFile;    // as large as the disk
  std::string diskSocket;  // where QEMU has it
  std::vector<Door> doors;
  Bridge bridge;                   // then there are no doors
  std::uint32_t firstPrimary = 0;  // member number; of the founders of a group
};

// Parses the text of vm.conf. False: `error` names field, value and remedy.
bool parseOptions(const std::string& text, Options* out, std::string* error);
bool readOptions(const char* path, Options* out, std::string* error);

}  // namespace gaia::vm
