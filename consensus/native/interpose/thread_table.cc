#include "thread_table.h"

#include "never_destroyed.h"
#include "thread_lock.h"

namespace gaia::interpose {

namespace {
constinit NeverDestroyed<ThreadTable> storage;
}

ThreadTable& threadTable() { return storage.value; }

void ThreadTable::keepOnly(int thread) {
  ThreadLock::forget();
  for (int id = schedule.end() - 1; id >= 0; --id) {
    if (id == thread || !schedule.exists(id)) continue;
    schedule.remove(id);
    threads[id].ended = true;
  }
  holder = thread;
}

}  // namespace gaia::interpose
