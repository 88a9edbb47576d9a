// Shared memory. `__shared__ T a[N];` has become a local struct with that member and a reference into the block's arena
// (cuda/rewrite); the struct's type, distinct for every template instance of the function, names the slot.
#pragma once
#include "barrier.h"

namespace cuport {

constexpr size_t kSharedGuard = 64;            // bytes between slots, so that a checked build sees overruns
constexpr size_t kSharedLimit = 48 * 1024;     // dynamic bytes without cudaFuncSetAttribute
constexpr size_t kSharedOptIn = 227 * 1024;    // with it
// How much larger than in plain CUDA an element may be: shadow scalars are many times a float.
#ifndef CUPORT_SHARED_SCALE
#define CUPORT_SHARED_SCALE 1
#endif

inline size_t shared_static_bytes = 0;  // of all slots of the program, known before main
inline __thread char* shared_base = nullptr;
inline __thread size_t shared_dynamic_bytes = 0;  // of the launch that is running

struct SharedRecord {
  size_t offset, size;
  SharedRecord* next;
};
inline SharedRecord* shared_records = nullptr;

inline size_t reserve_shared(size_t size, size_t align, SharedRecord* record) {
  const size_t at = (shared_static_bytes + kSharedGuard + align - 1) / align * align;
  shared_static_bytes = at + size;
  *record = SharedRecord{at, size, shared_records};
  shared_records = record;
  return at;
}
template <class S>
struct SharedSlot {
  static inline SharedRecord record;
  static inline const size_t offset = reserve_shared(sizeof(S), alignof(S) < 16 ? 16 : alignof(S), &record);
};
template <class S>
CUPORT_QUIET inline S& shared() {
  return *reinterpret_cast<S*>(shared_base + SharedSlot<S>::offset);
}

CUPORT_QUIET inline size_t shared_dynamic_offset() { return (shared_static_bytes + kSharedGuard + 1023) / 1024 * 1024; }
CUPORT_QUIET inline size_t shared_total(size_t dynamic) {
  return (shared_dynamic_offset() + dynamic * CUPORT_SHARED_SCALE + kSharedGuard + 4095) / 4096 * 4096;
}
template <class T>
CUPORT_QUIET inline T* dynamic_shared() {
  return reinterpret_cast<T*>(shared_base + shared_dynamic_offset());
}

}  // namespace cuport
