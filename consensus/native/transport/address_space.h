// The mappings of this process, and how to keep the kernel from placing new ones where the program will map next.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace gaia {

struct Mapping {
  std::uintptr_t begin = 0, end = 0;
  std::string path;
};
std::vector<Mapping> mappings();

// While it lives, every gap of the area in which the kernel searches is taken: what others map meanwhile (the dynamic
// linker loads libraries wherever the kernel says) comes to lie below, and the program finds its gaps as they were.
class GapsTaken {
 public:
  GapsTaken();
  ~GapsTaken();
  GapsTaken(const GapsTaken&) = delete;
  GapsTaken& operator=(const GapsTaken&) = delete;

 private:
  std::vector<Mapping> taken_;
};

}  // namespace gaia
