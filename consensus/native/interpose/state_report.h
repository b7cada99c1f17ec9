#pragma once
#include <string>

#include "../runtime/runtime.h"

namespace gaia::interpose {

// One line of JSON: `ReplicaReport` of executor/assignment.ts without group, slot and member.
std::string stateLine(const Status& status);
// `ReplicaMetrics` of the same; empty histograms take little room, full ones 35 KiB.
std::string metricsLine(const Metrics& metrics);
std::string fatalLine(const char* message);

}  // namespace gaia::interpose
