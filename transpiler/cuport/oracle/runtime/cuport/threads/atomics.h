// Atomic operations on memory. Real atomics for the types the processor has them for, a compare-and-swap loop for
// floating types, plain operations for anything larger (shadow scalars run on one OS thread).
#pragma once
#include <type_traits>
#include "../ptx/address.h"
#include "barrier.h"

namespace cuport {

template <size_t N>
struct word_of;
template <> struct word_of<1> { using type = uint8_t; };
template <> struct word_of<2> { using type = uint16_t; };
template <> struct word_of<4> { using type = uint32_t; };
template <> struct word_of<8> { using type = uint64_t; };

inline bool wide_lock = false;

// *address = f(*address); returns what was there.
template <class T, class F>
CUPORT_QUIET inline T update(T* address, F f) {
  if constexpr (std::is_trivially_copyable_v<T> && (sizeof(T) == 2 || sizeof(T) == 4 || sizeof(T) == 8 || sizeof(T) == 1)) {
    using Word = typename word_of<sizeof(T)>::type;
    Word* word = reinterpret_cast<Word*>(const_cast<std::remove_volatile_t<T>*>(address));
    Word seen = __atomic_load_n(word, __ATOMIC_RELAXED);
    for (;;) {
      std::remove_volatile_t<T> old;
      memcpy(static_cast<void*>(&old), &seen, sizeof old);
      const std::remove_volatile_t<T> next = f(old);
      Word wanted;
      memcpy(&wanted, static_cast<const void*>(&next), sizeof wanted);
      if (__atomic_compare_exchange_n(word, &seen, wanted, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) return old;
    }
  } else {  // 16 bytes; shadow scalars, which one OS thread works on
    while (__atomic_test_and_set(&wide_lock, __ATOMIC_ACQUIRE)) {}
    T old = *address;
    *address = f(old);
    __atomic_clear(&wide_lock, __ATOMIC_RELEASE);
    return old;
  }
}
template <class T>
CUPORT_QUIET inline bool same_value(const T& a, const T& b) {
  if constexpr (std::is_class_v<T> && std::is_trivially_copyable_v<T> && sizeof(T) <= 16) return memcmp(&a, &b, sizeof a) == 0;
  else return a == b;
}

template <class T>
struct same {
  using type = T;
};
template <class T>
using same_t = typename same<T>::type;

}  // namespace cuport

// The value's type follows the pointer's, as in CUDA's overloads.
#define CUPORT_ATOMIC(name, expression)                                                          \
  template <class T>                                                                             \
  CUPORT_QUIET inline std::remove_volatile_t<T> name(T* address, cuport::same_t<std::remove_volatile_t<T>> v, int site = CUPORT_SITE) { \
    using V = std::remove_volatile_t<T>;                                                         \
    CUPORT_ON_ATOMIC(address, sizeof(V)), (void)site;                                                        \
    return cuport::update(const_cast<V*>(address), [v](V old) CUPORT_QUIET -> V { (void)old; return expression; }); \
  }
#ifndef CUPORT_ON_ATOMIC
#define CUPORT_ON_ATOMIC(address, bytes) ((void)0)
#endif
CUPORT_ATOMIC(atomicAdd, static_cast<V>(old + v))
CUPORT_ATOMIC(atomicSub, static_cast<V>(old - v))
CUPORT_ATOMIC(atomicExch, v)
CUPORT_ATOMIC(atomicMin, (v < old ? v : old))
CUPORT_ATOMIC(atomicMax, (old < v ? v : old))
CUPORT_ATOMIC(atomicAnd, static_cast<V>(old & v))
CUPORT_ATOMIC(atomicOr, static_cast<V>(old | v))
CUPORT_ATOMIC(atomicXor, static_cast<V>(old ^ v))
CUPORT_ATOMIC(atomicInc, static_cast<V>(old >= v ? 0 : old + 1))
CUPORT_ATOMIC(atomicDec, static_cast<V>(old == 0 || old > v ? v : old - 1))
#undef CUPORT_ATOMIC
template <class T>
CUPORT_QUIET inline std::remove_volatile_t<T> atomicCAS(T* address, cuport::same_t<std::remove_volatile_t<T>> compare,
                                                        cuport::same_t<std::remove_volatile_t<T>> value,
                                                        int site = CUPORT_SITE) {
  using V = std::remove_volatile_t<T>;
  CUPORT_ON_ATOMIC(address, sizeof(V)), (void)site;
  const V old = cuport::update(const_cast<V*>(address), [&](V seen) CUPORT_QUIET -> V { return cuport::same_value(seen, compare) ? value : seen; });
  if (!cuport::same_value(old, compare)) cuport::lost_race();
  return old;
}

// Each lane by itself, as on hardware.
inline float2 atomicAdd(float2* address, float2 v, int site = CUPORT_SITE) {
  return float2{atomicAdd(&address->x, v.x, site), atomicAdd(&address->y, v.y, site)};
}
inline float4 atomicAdd(float4* address, float4 v, int site = CUPORT_SITE) {
  return float4{atomicAdd(&address->x, v.x, site), atomicAdd(&address->y, v.y, site), atomicAdd(&address->z, v.z, site),
                atomicAdd(&address->w, v.w, site)};
}

// The scopes make no difference on one processor.
#define CUPORT_SCOPED(name)                                                                        \
  template <class T>                                                                               \
  inline auto name##_block(T* p, cuport::same_t<std::remove_volatile_t<T>> v, int site = CUPORT_SITE) { return name(p, v, site); } \
  template <class T>                                                                               \
  inline auto name##_system(T* p, cuport::same_t<std::remove_volatile_t<T>> v, int site = CUPORT_SITE) { return name(p, v, site); }
CUPORT_SCOPED(atomicAdd)
CUPORT_SCOPED(atomicSub)
CUPORT_SCOPED(atomicExch)
CUPORT_SCOPED(atomicMin)
CUPORT_SCOPED(atomicMax)
CUPORT_SCOPED(atomicAnd)
CUPORT_SCOPED(atomicOr)
CUPORT_SCOPED(atomicXor)
CUPORT_SCOPED(atomicInc)
CUPORT_SCOPED(atomicDec)
#undef CUPORT_SCOPED
template <class T>
inline auto atomicCAS_block(T* p, cuport::same_t<std::remove_volatile_t<T>> compare, cuport::same_t<std::remove_volatile_t<T>> v,
                            int site = CUPORT_SITE) {
  return atomicCAS(p, compare, v, site);
}
template <class T>
inline auto atomicCAS_system(T* p, cuport::same_t<std::remove_volatile_t<T>> compare, cuport::same_t<std::remove_volatile_t<T>> v,
                             int site = CUPORT_SITE) {
  return atomicCAS(p, compare, v, site);
}
