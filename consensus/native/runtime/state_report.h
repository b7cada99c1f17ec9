// What a member says to the executor that hosts it: lines of JSON (ARCHITECTURE.md, "Control channel").
#pragma once
#include <string>

#include "runtime/runtime.h"

namespace gaia {

// `ReplicaReport` of executor/assignment.ts without group, slot and member. `unexpected`: an object of counts; without any
// the label is `exact`, else `checked`, unless one is given.
std::string stateLine(const Status& status, const std::string& unexpected = "{}", const char* label = nullptr);
// `ReplicaMetrics` of the same; empty histograms take little room, full ones 35 KiB.
std::string metricsLine(const Metrics& metrics);
std::string helloLine();
std::string refusedLine(const std::string& order, const std::string& message);  // an order of the executor
std::string fatalLine(const std::string& message);

}  // namespace gaia
