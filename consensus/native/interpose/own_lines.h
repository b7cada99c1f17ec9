// Replies in which a program describes its own replica (address, path, machine) differ although the states
// are equal.
#pragma once
#include <cstddef>
#include <string>

namespace gaia::interpose {

// True when the bytes begin with such a description: the section Server of Redis' INFO.
bool describesReplica(const void* data, std::size_t bytes);
// What is left without the lines that name the replica.
std::string sharedLines(const void* data, std::size_t bytes);

}  // namespace gaia::interpose
