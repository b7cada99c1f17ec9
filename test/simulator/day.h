// A long life of one group under load, with a fault now and then: is every client answered in time, and does anything grow?
#pragma once
#include "arguments.h"
#include "world.h"

namespace gaia::sim {

// Says what the group and this process have, at even intervals, one JSON object a line, and what became of it as the
// last one. Ends with 1 when a promise was broken.
int liveLong(const Arguments& arguments);

}  // namespace gaia::sim
