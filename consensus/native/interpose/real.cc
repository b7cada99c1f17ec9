#include "real.h"

#include <dlfcn.h>
#include <string.h>

namespace gaia::interpose {

constinit Real realTable{};

namespace {
// Condition variables have two implementations; the unversioned look-up finds the older one, which does not
// work with objects initialised by the newer (dlsym(3), GLIBC_2.3.2).
void* find(const char* name) {
  const bool twice = strncmp(name, "pthread_cond_", 13) == 0 && strcmp(name, "pthread_cond_clockwait") != 0;
  if (twice)
    if (void* current = dlvsym(RTLD_NEXT, name, "GLIBC_2.3.2")) return current;
  return dlsym(RTLD_NEXT, name);
}
}  // namespace

void resolveReal() {
#define GAIA_RESOLVE(name) realTable.name = reinterpret_cast<decltype(realTable.name)>(find(#name));
  GAIA_HOOKED(GAIA_RESOLVE)
#undef GAIA_RESOLVE
  realTable.ready = true;
}

}  // namespace gaia::interpose
