// Loads, stores, atomic updates and asynchronous copies of PTX.
//
// Addresses are generic except in shared memory, whose addresses are handles (address.h). Cache and eviction hints mean
// nothing here; asynchronous copies are done when they are asked for.
#pragma once
#include "../threads/atomics.h"
#include "ptx_float.h"

namespace cuport {
namespace ptx {

// In a shadow build elements are of another size than addresses and counts of bytes say.
#ifdef CUPORT_SHADOW
template <class V>
inline constexpr bool can_reach_memory = false;
#else
template <class V>
inline constexpr bool can_reach_memory = true;
#endif

template <class V>
CUPORT_FN char* generic(const V& base, int64_t offset) {
  static_assert(can_reach_memory<V>, "no shadow: inline PTX reaches memory without saying what lies there");
  return reinterpret_cast<char*>(get<uint64_t>(base) + static_cast<uint64_t>(offset));
}
template <class V>
CUPORT_FN char* shared_at(const V& base, int64_t offset) {
  static_assert(can_reach_memory<V>, "no shadow: inline PTX reaches memory without saying what lies there");
  if constexpr (sizeof(V) == 8) return from_shared(get<uint64_t>(base)) + offset;
  else return from_shared(get<uint32_t>(base)) + offset;
}

template <class T, int N>
struct alignas(sizeof(T) * N) Lanes {
  T v[N];
};
template <class T, int N>
CUPORT_FN Lanes<T, N> load(const char* at) {
  return *reinterpret_cast<const Lanes<T, N>*>(at);
}
template <class T>
using word_t = typename word_of<sizeof(T)>::type;
template <class T, int N>
CUPORT_FN Lanes<T, N> load_volatile(const char* at) {
  Lanes<T, N> r;
  for (int i = 0; i < N; ++i) r.v[i] = get<T>(static_cast<word_t<T>>(reinterpret_cast<const volatile word_t<T>*>(at)[i]));
  return r;
}
// Of a flag that others may set: whoever looks again and again lets them run.
template <class T, int N>
CUPORT_FN Lanes<T, N> load_strong(const char* at) {
  lost_race();
  const Lanes<T, N> r = load_volatile<T, N>(at);
  __atomic_thread_fence(__ATOMIC_ACQUIRE);
  return r;
}
template <class T, int N>
CUPORT_FN void store(char* at, const Lanes<T, N>& value) {
  *reinterpret_cast<Lanes<T, N>*>(at) = value;
}
template <class T, int N>
CUPORT_FN void store_volatile(char* at, const Lanes<T, N>& value) {
  for (int i = 0; i < N; ++i) reinterpret_cast<volatile word_t<T>*>(at)[i] = get<word_t<T>>(value.v[i]);
}
template <class T, int N>
CUPORT_FN void store_strong(char* at, const Lanes<T, N>& value) {
  __threadfence();
  store_volatile<T, N>(at, value);
}

struct Add { template <class T> T operator()(T a, T b) const { if constexpr (std::is_integral_v<T>) return add_int(a, b); else return add<0u, Round::nearest>(a, b); } };
struct Min { template <class T> T operator()(T a, T b) const { if constexpr (std::is_integral_v<T>) return min_int(a, b); else return min<0u>(a, b); } };
struct Max { template <class T> T operator()(T a, T b) const { if constexpr (std::is_integral_v<T>) return max_int(a, b); else return max<0u>(a, b); } };
struct And { template <class T> T operator()(T a, T b) const { return static_cast<T>(a & b); } };
struct Or { template <class T> T operator()(T a, T b) const { return static_cast<T>(a | b); } };
struct Xor { template <class T> T operator()(T a, T b) const { return static_cast<T>(a ^ b); } };
struct Exchange { template <class T> T operator()(T, T b) const { return b; } };
struct Inc { template <class T> T operator()(T a, T b) const { return a >= b ? T(0) : static_cast<T>(a + 1); } };
struct Dec { template <class T> T operator()(T a, T b) const { return a == 0 || a > b ? b : static_cast<T>(a - 1); } };

template <class Op, class T>
CUPORT_QUIET inline T atomic(char* at, T value, int site = CUPORT_SITE) {
  CUPORT_ON_ATOMIC(at, sizeof(T)), (void)site;
  return update(reinterpret_cast<T*>(at), [value](T old) -> T { return Op{}(old, value); });
}
template <class T>
CUPORT_QUIET inline T compare_and_swap(char* at, T expected, T value, int site = CUPORT_SITE) {
  CUPORT_ON_ATOMIC(at, sizeof(T)), (void)site;
  const T old = update(reinterpret_cast<T*>(at), [&](T seen) -> T { return seen == expected ? value : seen; });
  if (old != expected) lost_race();
  return old;
}

// cp.async: `given` bytes, then zeros up to `size`. In words, so that a checked build sees them.
CUPORT_FN void copy_async(char* to, const char* from, uint32_t size, uint32_t given) {
  uint32_t i = 0;
  for (; i + 4 <= given && i + 4 <= size; i += 4) *reinterpret_cast<uint32_t*>(to + i) = *reinterpret_cast<const uint32_t*>(from + i);
  for (; i < given && i < size; ++i) to[i] = from[i];
  for (; i < size; ++i) to[i] = 0;
}

// isspacep
CUPORT_FN bool in_shared(uint64_t p) { return is_shared(reinterpret_cast<void*>(p)); }
CUPORT_FN bool in_global(uint64_t p) { return __isGlobal(reinterpret_cast<void*>(p)); }
CUPORT_FN bool in_local(uint64_t p) { return __isLocal(reinterpret_cast<void*>(p)); }
CUPORT_FN bool in_const(uint64_t) { return false; }
CUPORT_FN uint64_t to_shared(uint64_t p) { return shared_handle(reinterpret_cast<void*>(p)); }
CUPORT_FN uint64_t to_generic(uint64_t handle) { return reinterpret_cast<uint64_t>(from_shared(handle)); }

}  // namespace ptx
}  // namespace cuport
