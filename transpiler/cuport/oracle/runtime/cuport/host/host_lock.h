// One lock for everything host threads share: memory, streams, launches. A kernel runs with it held, and may call back
// into the runtime: by a parameter's copy constructor, or by what it launches itself.
#pragma once
#include <pthread.h>

namespace cuport {

inline pthread_mutex_t host_mutex = PTHREAD_MUTEX_INITIALIZER;
inline __thread int host_lock_depth = 0;  // how often this thread holds it
struct HostLock {
  HostLock() {
    if (host_lock_depth++ == 0) pthread_mutex_lock(&host_mutex);
  }
  ~HostLock() {
    if (--host_lock_depth == 0) pthread_mutex_unlock(&host_mutex);
  }
  HostLock(const HostLock&) = delete;
  HostLock& operator=(const HostLock&) = delete;
};

}  // namespace cuport
