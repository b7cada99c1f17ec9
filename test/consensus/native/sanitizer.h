// What a test must know about the sanitizer it may run under.
#pragma once
#include <cstdint>

namespace gaia::test {

#ifdef __SANITIZE_THREAD__
constexpr bool underThreadSanitizer = true;
constexpr std::uint64_t patience = 10;  // everything takes ten times as long; only bounds on waiting are longer for it
#else
constexpr bool underThreadSanitizer = false;
constexpr std::uint64_t patience = 1;
#endif

}  // namespace gaia::test
