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
#undef CUPORT_ACCESS
#undef CUPORT_ACCESS_AS
