#include "own_thread.h"

#include <signal.h>

#include "process.h"
#include "real.h"

namespace gaia::interpose {

void startOwnThread(void* (*run)(void*)) {
  sigset_t all, before;
  sigfillset(&all);
  real().pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  if (real().pthread_create(&thread, nullptr, run, nullptr) == 0)
    pthread_detach(thread);
  else
    giveUp("no thread could be started; raise the limit of processes (ulimit -u)");
  real().pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace gaia::interpose
