#include "transport/low_numbers.h"

#include <atomic>

namespace gaia::sys {
namespace {
constinit std::atomic<std::uint64_t> begun{0}, ended{0};
}  // namespace

LowNumber::LowNumber() { begun++; }
LowNumber::~LowNumber() { ended++; }

std::uint64_t lowNumbersBegun() { return begun; }
std::uint64_t lowNumbersEnded() { return ended; }

}  // namespace gaia::sys
