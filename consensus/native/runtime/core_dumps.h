// A core dump has what a process had in memory, secrets of groups too, and lies where the system puts it: in a sandbox,
// for one, where others read. What of the memory is in it is inherited over fork and execve (core(5)).
#pragma once

namespace gaia {

// From now on nothing of the memory is in core dumps of this process, where the system lets us.
void dumpNoMemory();

// In a child that is about to become a program of its own: it dumps as this process did at first. Async-signal-safe.
void dumpAsAtFirst();

}  // namespace gaia
