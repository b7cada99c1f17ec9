// Whatever a process opens gets the lowest number that is free. What GAIA opens beside a running program does, too, until it is
// moved above the floor, and the program would meanwhile be given other numbers than on other replicas. Who opens for the
// program learns of it here (interpose/program_numbers.h).
#pragma once
#include <cstdint>

namespace gaia::sys {

// Begun before something of GAIA's is opened, ended when it is above the floor.
class LowNumber {
 public:
  LowNumber();
  ~LowNumber();
  LowNumber(const LowNumber&) = delete;
  LowNumber& operator=(const LowNumber&) = delete;
};

// How many there have been, and how many of them are over.
std::uint64_t lowNumbersBegun();
std::uint64_t lowNumbersEnded();

}  // namespace gaia::sys
