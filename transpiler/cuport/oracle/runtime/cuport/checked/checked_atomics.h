// The functions that instrumented code calls for `__atomic` built-ins, also behind std::atomic and cuda::atomic: the
// operation itself, made known as an atomic access with its memory order. Included by checked_callbacks.h.
#pragma once
#include "checked_launch.h"

namespace cuport {
namespace checked {

// A store reads nothing, unlike other atomic writes.
CUPORT_UNCHECKED inline void on_store(volatile void* at, unsigned bytes) {
  Region* r = on_device && !state.busy ? find_region(reinterpret_cast<uintptr_t>(at)) : nullptr;
  if (r == &state.shared && r->ready == 0) touch_shared();
  if (r != nullptr) mark_written(*r, const_cast<void*>(at), bytes, true);
}

// Orders as compilers number them: 0 relaxed, 1 consume, 2 acquire, 3 release, 4 both, 5 sequential.
CUPORT_NOINLINE CUPORT_UNCHECKED inline void on_ordered(volatile void* at, unsigned bytes, bool write, int memory_order, const void* code) {
  State& s = state;
  if (!on_device || s.busy) {
    if (!on_device && write && s.device.covers(reinterpret_cast<uintptr_t>(at))) mark_written(s.device, const_cast<void*>(at), bytes, true);
    return;
  }
  if (find_region(reinterpret_cast<uintptr_t>(at)) == nullptr) return;
  if (write && memory_order >= 3) fence(), s.current = 0;
  access(const_cast<void*>(at), bytes, write, kAtomic, true, code, 0);
  acquire(at);
  if (write && fenced()) release(at), s.current = 0;
}

}  // namespace checked
}  // namespace cuport

#define CUPORT_ATOMIC_UPDATE(bits, T, name)                                                                      \
  CUPORT_SYMBOL(T, "__tsan_atomic" #bits "_" #name, atomic##bits##_##name, (volatile T* at, T v, int o)) {       \
    cuport::checked::on_ordered(at, bits / 8, true, o, CUPORT_CALLED_FROM);                                      \
    return __atomic_##name(at, v, __ATOMIC_SEQ_CST);                                                             \
  }
#define CUPORT_ATOMIC_EXCHANGE(bits, T, name)                                                                    \
  CUPORT_SYMBOL(int, "__tsan_atomic" #bits "_compare_exchange_" #name, atomic##bits##_##name, (volatile T* at, T* seen, T v, int o, int)) { \
    cuport::checked::on_ordered(at, bits / 8, true, o, CUPORT_CALLED_FROM);                                      \
    return __atomic_compare_exchange_n(at, seen, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);                  \
  }
#define CUPORT_ATOMICS(bits, T)                                                                                  \
  CUPORT_SYMBOL(T, "__tsan_atomic" #bits "_load", atomic##bits##_load, (const volatile T* at, int o)) {          \
    cuport::checked::on_ordered(const_cast<volatile T*>(at), bits / 8, false, o, CUPORT_CALLED_FROM);            \
    return __atomic_load_n(at, __ATOMIC_SEQ_CST);                                                                \
  }                                                                                                              \
  CUPORT_SYMBOL(void, "__tsan_atomic" #bits "_store", atomic##bits##_store, (volatile T* at, T v, int o)) {      \
    cuport::checked::on_store(at, bits / 8);                                                                     \
    cuport::checked::on_ordered(at, bits / 8, true, o, CUPORT_CALLED_FROM);                                      \
    __atomic_store_n(at, v, __ATOMIC_SEQ_CST);                                                                   \
  }                                                                                                              \
  CUPORT_SYMBOL(T, "__tsan_atomic" #bits "_exchange", atomic##bits##_exchange, (volatile T* at, T v, int o)) {   \
    cuport::checked::on_ordered(at, bits / 8, true, o, CUPORT_CALLED_FROM);                                      \
    return __atomic_exchange_n(at, v, __ATOMIC_SEQ_CST);                                                         \
  }                                                                                                              \
  CUPORT_SYMBOL(T, "__tsan_atomic" #bits "_compare_exchange_val", atomic##bits##_val, (volatile T* at, T seen, T v, int o, int)) { \
    cuport::checked::on_ordered(at, bits / 8, true, o, CUPORT_CALLED_FROM);                                      \
    __atomic_compare_exchange_n(at, &seen, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);                        \
    return seen;                                                                                                 \
  }                                                                                                              \
  CUPORT_ATOMIC_EXCHANGE(bits, T, strong)                                                                        \
  CUPORT_ATOMIC_EXCHANGE(bits, T, weak)                                                                          \
  CUPORT_ATOMIC_UPDATE(bits, T, fetch_add)                                                                       \
  CUPORT_ATOMIC_UPDATE(bits, T, fetch_sub)                                                                       \
  CUPORT_ATOMIC_UPDATE(bits, T, fetch_and)                                                                       \
  CUPORT_ATOMIC_UPDATE(bits, T, fetch_or)                                                                        \
  CUPORT_ATOMIC_UPDATE(bits, T, fetch_xor)                                                                       \
  CUPORT_ATOMIC_UPDATE(bits, T, fetch_nand)
CUPORT_ATOMICS(8, uint8_t)
CUPORT_ATOMICS(16, uint16_t)
CUPORT_ATOMICS(32, uint32_t)
CUPORT_ATOMICS(64, uint64_t)
#undef CUPORT_ATOMICS
#undef CUPORT_ATOMIC_UPDATE
#undef CUPORT_ATOMIC_EXCHANGE
