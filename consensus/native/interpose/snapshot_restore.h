// A start from a snapshot that a hook has made, a joiner's from the group's, with durability `disk` a
// returning member's from its own: the file lies where the program looks for it before it runs.
#pragma once

namespace gaia::interpose {

// Before the program runs. A joiner fetches the snapshot, unless the group's journals still reach back to the
// first entry: then it joins by replay, like one without a hook.
void startBySnapshot();

// The program opens or closes a file. While it reads its snapshot, its waits are no turns of the log.
void noteFileOpened(const char* path, int fd);
void noteFileClosed(int fd);
bool loadingSnapshot();

// The first turn of this process: from here on randomness goes on where the group's is.
void enterRestored();

}  // namespace gaia::interpose
