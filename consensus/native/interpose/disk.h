// Makes the program's background fsync calls return at once: how long a disk takes must not decide when a
// worker thread touches the program's heap. The data is synchronised by a thread of this library; a failure
// is counted.
#pragma once

namespace gaia::interpose {

void startDiskThread();
// Queues a synchronisation of `fd`; when the queue is full it is done here.
int synchronizeLater(int fd);

}  // namespace gaia::interpose
