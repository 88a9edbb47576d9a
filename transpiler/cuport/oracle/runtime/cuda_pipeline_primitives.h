// Asynchronous copies to shared memory; here they are done when they are asked for, so there is nothing to wait for.
#pragma once
#include "cuda_awbarrier_primitives.h"

#ifdef CUPORT_SHADOW
// Elements are larger here: a size written as sizeof(...) has grown with them, a number has not.
template <class T, class S>
static inline void __pipeline_memcpy_async(T* to, const S* from, size_t bytes, size_t zeroed = 0) {
  static_assert(!std::is_void_v<T> && !std::is_void_v<S>, "no shadow: an asynchronous copy between pointers to void");
  if (zeroed != 0 || (sizeof(T) > 16 && bytes % sizeof(T) != 0)) cuport::fatal("no shadow: an asynchronous copy whose size is a number");
  memcpy(static_cast<void*>(to), static_cast<const void*>(from), bytes);
}
#else
// `zeroed` bytes at the end are not copied but cleared. In words, so that a checked build sees every access.
static inline void __pipeline_memcpy_async(void* __restrict to, const void* __restrict from, size_t bytes, size_t zeroed = 0) {
  const size_t copied = zeroed < bytes ? bytes - zeroed : 0;
  auto* target = static_cast<char*>(to);
  const auto* source = static_cast<const char*>(from);
  size_t i = 0;
  for (; i + 4 <= copied; i += 4) *reinterpret_cast<uint32_t*>(target + i) = *reinterpret_cast<const uint32_t*>(source + i);
  for (; i < copied; ++i) target[i] = source[i];
  for (; i < bytes; ++i) target[i] = 0;
}
#endif
static inline void __pipeline_commit() {}
static inline void __pipeline_wait_prior(size_t) {}
// The copies so far arrive at the barrier at once, which leaves its count as it was.
static inline void __pipeline_arrive_on(__mbarrier_t*) {}
