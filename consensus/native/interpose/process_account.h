// What /proc tells of the program itself: it differs between replicas, so all of them are told of a process that uses nothing.
#pragma once
#include <stdio.h>

namespace gaia::interpose {

bool isProcessAccount(const char* path);
// -1 and ENOENT: programs do without this one.
int openProcessAccount(const char* path);
FILE* openProcessAccountStream(const char* path);

}  // namespace gaia::interpose
