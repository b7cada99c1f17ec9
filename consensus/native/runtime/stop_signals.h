// Of a program of GAIA's own: a descriptor that is readable when SIGTERM or SIGINT has come, which from then on interrupt nothing.
#pragma once

namespace gaia {

int stopSignals();

}  // namespace gaia
