// Names of the rules that can be left out.
#pragma once
#include <string>

#include "core/mutant.h"

namespace gaia::sim {

// Leaves the rule out from now on, in this process. False: there is none of that name.
bool leaveOut(const std::string& name);

}  // namespace gaia::sim
