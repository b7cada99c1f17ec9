// Lines in .gaia/trace for tests and for the search for causes of divergence.
//   T index hash clockCalls inputBytes     one per entry
//   C returnAddress kind                   clock, random: one per call (trace=2)
//   R fd bytes buffer                      reads of connections (trace=2)
#pragma once
#include <cstddef>
#include <cstdint>

#include "options.h"

namespace gaia::interpose {

void startTrace();
void writeTraceTurn(std::uint64_t index, std::uint64_t hash, std::uint32_t calls, std::uint64_t inputBytes);
void writeTraceCall(const char* kind, const void* returnAddress);
void writeTraceRead(int fd, std::size_t bytes, const void* buffer);
void flushTrace();

extern constinit Trace traceLevel;
inline void traceTurn(std::uint64_t index, std::uint64_t hash, std::uint32_t calls,
                      std::uint64_t inputBytes) {
  if (traceLevel != Trace::off) [[unlikely]]
    writeTraceTurn(index, hash, calls, inputBytes);
}
inline void traceCall(const char* kind, const void* returnAddress) {
  if (traceLevel == Trace::calls) [[unlikely]]
    writeTraceCall(kind, returnAddress);
}
inline void traceRead(int fd, std::size_t bytes, const void* buffer) {
  if (traceLevel == Trace::calls) [[unlikely]]
    writeTraceRead(fd, bytes, buffer);
}

}  // namespace gaia::interpose
