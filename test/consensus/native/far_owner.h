// What an owner on another machine and its callers agree on.
#pragma once
#include <array>
#include <cstdint>

namespace gaia::test {

constexpr const char* farGroup = "pair of machines";
constexpr std::uint32_t farOwner = 1;  // member number
inline std::array<std::uint8_t, 32> farSecret() { return {1, 2, 3}; }

}  // namespace gaia::test
