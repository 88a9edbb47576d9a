// The shadow unit is compiled with the instrumentation of -fsanitize=thread and linked with these callbacks instead of
// its library: every load and store of device code comes by, and those of tainted threads leave or find a mark.
//
// Members of a shadow scalar are 8 bytes or wider, so a load of 1, 2 or 4 bytes is an integer, and reading a tainted
// integer taints the reader. A wider load may be part of a scalar, which carries its own mark; it taints nobody.
#pragma once
#include "taint.h"

// Some names are built into compilers with types of their own: these get the symbol without the name.
#define CUPORT_ACCESS_AS(name, parameters) \
  extern "C" __attribute__((no_sanitize("thread"), used, visibility("default"))) void cuport##name parameters asm(#name); \
  extern "C" __attribute__((no_sanitize("thread"), used, visibility("default"))) void cuport##name parameters
#define CUPORT_ACCESS extern "C" __attribute__((no_sanitize("thread"), used, visibility("default")))
#define CUPORT_ACCESS_SIZE(n, on_load)                                                        \
  CUPORT_ACCESS void __tsan_read##n(void* at) { on_load(at, n); }                             \
  CUPORT_ACCESS void __tsan_unaligned_read##n(void* at) { on_load(at, n); }                   \
  CUPORT_ACCESS void __tsan_write##n(void* at) { cuport::taint::store(at, n); }               \
  CUPORT_ACCESS void __tsan_unaligned_write##n(void* at) { cuport::taint::store(at, n); }     \
  CUPORT_ACCESS void __tsan_read_write##n(void* at) { on_load(at, n); cuport::taint::store(at, n); } \
  CUPORT_ACCESS void __tsan_unaligned_read_write##n(void* at) { on_load(at, n); cuport::taint::store(at, n); } \
  CUPORT_ACCESS void __tsan_volatile_read##n(void* at) { on_load(at, n); }                    \
  CUPORT_ACCESS void __tsan_volatile_write##n(void* at) { cuport::taint::store(at, n); }
#define CUPORT_NO_LOAD(at, n) ((void)0)
CUPORT_ACCESS_SIZE(1, cuport::taint::load)
CUPORT_ACCESS_SIZE(2, cuport::taint::load)
CUPORT_ACCESS_SIZE(4, cuport::taint::load)
CUPORT_ACCESS_SIZE(8, CUPORT_NO_LOAD)
CUPORT_ACCESS_SIZE(16, CUPORT_NO_LOAD)
#undef CUPORT_ACCESS_SIZE
#undef CUPORT_NO_LOAD
CUPORT_ACCESS_AS(__tsan_read_range, (void*, long)) {}
CUPORT_ACCESS_AS(__tsan_write_range, (void* at, long n)) { cuport::taint::store(at, static_cast<size_t>(n)); }
CUPORT_ACCESS_AS(__tsan_func_entry, (void*)) {}
CUPORT_ACCESS_AS(__tsan_func_exit, (void*)) {}
CUPORT_ACCESS_AS(__tsan_init, ()) {}
CUPORT_ACCESS_AS(__tsan_vptr_update, (void**, void*)) {}
CUPORT_ACCESS_AS(__tsan_vptr_read, (void**)) {}
CUPORT_ACCESS_AS(__tsan_atomic_thread_fence, (int)) { __atomic_signal_fence(__ATOMIC_SEQ_CST); }
CUPORT_ACCESS_AS(__tsan_atomic_signal_fence, (int)) { __atomic_signal_fence(__ATOMIC_SEQ_CST); }

// Atomic operations of C++ in device code (cuda::atomic, guards of static variables).
#define CUPORT_ACCESS_ATOMIC_AS(T, name, parameters)                                                                   \
  extern "C" __attribute__((no_sanitize("thread"), used, visibility("default"))) T cuport##name parameters asm(#name); \
  extern "C" __attribute__((no_sanitize("thread"), used, visibility("default"))) T cuport##name parameters
#define CUPORT_ACCESS_UPDATE(bits, T, name, operation)                                                \
  CUPORT_ACCESS_ATOMIC_AS(T, __tsan_atomic##bits##_##name, (volatile T * at, T v, int)) {             \
    cuport::taint::atomic(const_cast<T*>(at), sizeof(T));                                             \
    return operation(at, v, __ATOMIC_SEQ_CST);                                                        \
  }
#define CUPORT_ACCESS_COMPARE(bits, T, name)                                                                      \
  CUPORT_ACCESS_ATOMIC_AS(int, __tsan_atomic##bits##_##name, (volatile T * at, T * seen, T v, int, int)) {        \
    cuport::taint::atomic(const_cast<T*>(at), sizeof(T));                                                         \
    return __atomic_compare_exchange_n(at, seen, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);                   \
  }
#define CUPORT_ACCESS_ATOMIC(bits, T)                                                            \
  CUPORT_ACCESS_ATOMIC_AS(T, __tsan_atomic##bits##_load, (const volatile T* at, int)) {          \
    cuport::taint::load(const_cast<const T*>(at), sizeof(T));                                    \
    return __atomic_load_n(at, __ATOMIC_SEQ_CST);                                                \
  }                                                                                              \
  CUPORT_ACCESS_ATOMIC_AS(void, __tsan_atomic##bits##_store, (volatile T * at, T v, int)) {      \
    cuport::taint::store(const_cast<T*>(at), sizeof(T));                                         \
    __atomic_store_n(at, v, __ATOMIC_SEQ_CST);                                                   \
  }                                                                                              \
  CUPORT_ACCESS_UPDATE(bits, T, exchange, __atomic_exchange_n)                                   \
  CUPORT_ACCESS_UPDATE(bits, T, fetch_add, __atomic_fetch_add)                                   \
  CUPORT_ACCESS_UPDATE(bits, T, fetch_sub, __atomic_fetch_sub)                                   \
  CUPORT_ACCESS_UPDATE(bits, T, fetch_and, __atomic_fetch_and)                                   \
  CUPORT_ACCESS_UPDATE(bits, T, fetch_or, __atomic_fetch_or)                                     \
  CUPORT_ACCESS_UPDATE(bits, T, fetch_xor, __atomic_fetch_xor)                                   \
  CUPORT_ACCESS_COMPARE(bits, T, compare_exchange_strong)                                        \
  CUPORT_ACCESS_COMPARE(bits, T, compare_exchange_weak)                                          \
  CUPORT_ACCESS_ATOMIC_AS(T, __tsan_atomic##bits##_compare_exchange_val, (volatile T * at, T seen, T v, int, int)) { \
    cuport::taint::atomic(const_cast<T*>(at), sizeof(T));                                        \
    __atomic_compare_exchange_n(at, &seen, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);        \
    return seen;                                                                                 \
  }
CUPORT_ACCESS_ATOMIC(8, uint8_t)
CUPORT_ACCESS_ATOMIC(16, uint16_t)
CUPORT_ACCESS_ATOMIC(32, uint32_t)
CUPORT_ACCESS_ATOMIC(64, uint64_t)
#undef CUPORT_ACCESS_ATOMIC
#undef CUPORT_ACCESS_COMPARE
#undef CUPORT_ACCESS_UPDATE
#undef CUPORT_ACCESS_ATOMIC_AS
#undef CUPORT_ACCESS
#undef CUPORT_ACCESS_AS
