// One lock for everything host threads share: memory, streams, launches. A kernel runs with it held.
#pragma once
#include <pthread.h>

namespace cuport {

inline pthread_mutex_t host_mutex = PTHREAD_MUTEX_INITIALIZER;
struct HostLock {
  HostLock() { pthread_mutex_lock(&host_mutex); }
  ~HostLock() { pthread_mutex_unlock(&host_mutex); }
  HostLock(const HostLock&) = delete;
  HostLock& operator=(const HostLock&) = delete;
};

}  // namespace cuport
