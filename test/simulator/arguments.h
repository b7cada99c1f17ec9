// The command line of gaia-simulator.
#pragma once
#include <cstdint>
#include <string>

namespace gaia::sim {

struct Arguments {
  std::uint64_t seeds = 1000;  // lives
  std::uint64_t seed = 1;      // of the first one; the others follow
  std::size_t members = 0;     // of a group at its start; 0: drawn, 3 to 9
  unsigned jobs = 1;           // lives at a time
  std::uint64_t minutes = 0;   // not 0: one long life of so many simulated minutes (day.h)
  bool disk = false;           // of a long life: durability
  std::uint64_t loadPercent = 80;         // of the most that the group can do
  std::uint64_t faultEverySeconds = 120;  // simulated
  std::string mutant;          // name of a rule that is left out (mutants.h)
  bool trace = false;          // says all that happens in the life of `seed`
  bool json = false;           // one JSON object as the last line
};

// Ends the process with 2 and a sentence when the line is wrong.
Arguments parseArguments(int count, char** values);

// What to type to live `seed` once more in words.
std::string replayCommand(const Arguments& arguments, std::uint64_t seed);

}  // namespace gaia::sim
