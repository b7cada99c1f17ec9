#pragma once
#include <string>

#include "../runtime/runtime.h"

namespace gaia::interpose {

// One line of JSON: `ReplicaReport` of executor/assignment.ts without group, slot and member.
std::string stateLine(const Status& status);
std::string fatalLine(const char* message);

}  // namespace gaia::interpose
