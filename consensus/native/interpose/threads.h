// The program's other threads. They share its heap, so they may run only while the turn thread lets them: it
// wakes them by a condition variable, and then waits, still inside the turn, until all of them rest again.
#pragma once
#include <pthread.h>

namespace gaia::interpose {

// In a fork child: there are no other threads.
void forgetWorkers();

// True on a thread that the program created.
bool isWorker();
int createThread(pthread_t* thread, const pthread_attr_t* attributes, void* (*run)(void*), void* argument);

// The turn thread is about to wake one thread (or all) that waits at `condition`.
void aboutToWake(const pthread_cond_t* condition, bool all);
// The turn thread has released a mutex: what it has woken can run; returns when everything is at rest.
void awaitRest();

// A worker waits at a condition variable: it is at rest until it is woken.
int restAt(pthread_cond_t* condition, pthread_mutex_t* mutex, const struct timespec* deadline);

}  // namespace gaia::interpose
