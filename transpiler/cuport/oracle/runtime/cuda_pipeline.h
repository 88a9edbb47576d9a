// Asynchronous copies to shared memory; here they happen when they are asked for.
#pragma once
#include "cuport/runtime.h"

static inline void __pipeline_memcpy_async(void* to, const void* from, size_t bytes, size_t zeroed = 0) {
  memcpy(to, from, bytes - zeroed);
  memset(static_cast<char*>(to) + (bytes - zeroed), 0, zeroed);
}
static inline void __pipeline_commit() {}
static inline void __pipeline_wait_prior(size_t) {}
