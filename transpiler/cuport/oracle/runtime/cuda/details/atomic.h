// cuda::atomic, cuda::atomic_ref, cuda::atomic_flag.
#pragma once
#include "scope.h"
#include "words.h"

namespace cuda {

// What atomic objects and references to plain ones have in common; `Self` gives the address.
template <class Self, class T>
class cuport_atomic_operations {
 public:
  using value_type = T;
  static constexpr bool is_always_lock_free = sizeof(T) <= 8;
  bool is_lock_free() const { return sizeof(T) <= 8; }

  CUPORT_QUIET T load(memory_order order = memory_order_seq_cst, int site = CUPORT_SITE) const {
    (void)site;
    cuport::looked();
    return cuport::atomic_read(at(), order == memory_order_relaxed);
  }
  CUPORT_QUIET operator T() const { return load(memory_order_seq_cst, 0); }
  CUPORT_QUIET void store(T value, memory_order order = memory_order_seq_cst, int site = CUPORT_SITE) const {
    (void)site;
    cuport::atomic_write(at(), value, order == memory_order_relaxed);
  }
  CUPORT_QUIET T exchange(T value, memory_order order = memory_order_seq_cst, int site = CUPORT_SITE) const {
    before(order, site);
    const T old = cuport::atomic_change(at(), [&](const T&) { return value; });
    if (cuport::same_bytes(old, value)) cuport::lost_to_another();  // a lock that was taken
    return old;
  }
  CUPORT_QUIET bool compare_exchange_strong(T& expected, T desired, memory_order order = memory_order_seq_cst, int site = CUPORT_SITE) const {
    before(order, site);
    bool same = false;
    const T old = cuport::atomic_change(at(), [&](const T& seen) {
      same = cuport::same_bytes(seen, expected);
      return same ? desired : seen;
    });
    if (same) return true;
    expected = old;
    cuport::lost_to_another();
    return false;
  }
  bool compare_exchange_strong(T& expected, T desired, memory_order order, memory_order, int site = CUPORT_SITE) const {
    return compare_exchange_strong(expected, desired, order, site);
  }
  bool compare_exchange_weak(T& expected, T desired, memory_order order = memory_order_seq_cst, int site = CUPORT_SITE) const {
    return compare_exchange_strong(expected, desired, order, site);
  }
  bool compare_exchange_weak(T& expected, T desired, memory_order order, memory_order, int site = CUPORT_SITE) const {
    return compare_exchange_strong(expected, desired, order, site);
  }

  // A pointer moves by elements.
  using difference = std::conditional_t<std::is_pointer_v<T>, ptrdiff_t, T>;
#define CUPORT_FETCH(name, argument, expression)                                                            \
  CUPORT_QUIET T fetch_##name(argument v, memory_order order = memory_order_seq_cst, int site = CUPORT_SITE) const { \
    before(order, site);                                                                                    \
    return cuport::atomic_change(at(), [&](const T& old) { return static_cast<T>(expression); });           \
  }
  CUPORT_FETCH(add, difference, old + v)
  CUPORT_FETCH(sub, difference, old - v)
  CUPORT_FETCH(and, T, old & v)
  CUPORT_FETCH(or, T, old | v)
  CUPORT_FETCH(xor, T, old ^ v)
  CUPORT_FETCH(min, T, (v < old ? v : old))
  CUPORT_FETCH(max, T, (old < v ? v : old))
#undef CUPORT_FETCH
  T operator=(T value) const {
    store(value, memory_order_seq_cst, 0);
    return value;
  }
  T operator++() const { return fetch_add(1, memory_order_seq_cst, 0) + 1; }
  T operator++(int) const { return fetch_add(1, memory_order_seq_cst, 0); }
  T operator--() const { return fetch_sub(1, memory_order_seq_cst, 0) - 1; }
  T operator--(int) const { return fetch_sub(1, memory_order_seq_cst, 0); }
  T operator+=(difference v) const { return fetch_add(v, memory_order_seq_cst, 0) + v; }
  T operator-=(difference v) const { return fetch_sub(v, memory_order_seq_cst, 0) - v; }
  T operator&=(T v) const { return fetch_and(v, memory_order_seq_cst, 0) & v; }
  T operator|=(T v) const { return fetch_or(v, memory_order_seq_cst, 0) | v; }
  T operator^=(T v) const { return fetch_xor(v, memory_order_seq_cst, 0) ^ v; }

  CUPORT_QUIET void wait(T old, memory_order order = memory_order_seq_cst, int site = CUPORT_SITE) const {
    (void)site;
    cuport::wait_until([&] { return !cuport::same_bytes(cuport::atomic_read(at(), order == memory_order_relaxed), old); },
                       "a thread waits for an atomic that nobody changes", false);
  }
  void notify_one() const {}
  void notify_all() const {}

 private:
  T* at() const { return static_cast<const Self*>(this)->cuport_address(); }
  CUPORT_QUIET void before(memory_order order, int site) const {
    if (order != memory_order_relaxed && order != memory_order_acquire && order != memory_order_consume) CUPORT_FENCE();
    CUPORT_ON_ATOMIC(at(), sizeof(T)), (void)site;
  }
};

template <class T, thread_scope scope = thread_scope_system>
class atomic : public cuport_atomic_operations<atomic<T, scope>, T> {
 public:
  atomic() = default;
  constexpr atomic(T value) : value_(value) {}
  atomic(const atomic&) = delete;
  atomic& operator=(const atomic&) = delete;
  T operator=(T value) {
    this->store(value, memory_order_seq_cst, 0);
    return value;
  }
  T* cuport_address() const { return const_cast<T*>(&value_); }

 private:
  alignas(sizeof(T) <= 8 && cuport::is_word<sizeof(T)> ? sizeof(T) : alignof(T)) T value_;
};

template <class T, thread_scope scope = thread_scope_system>
class atomic_ref : public cuport_atomic_operations<atomic_ref<T, scope>, T> {
 public:
  static constexpr size_t required_alignment = alignof(T);
  explicit atomic_ref(T& value) : address_(&value) {}
  atomic_ref(const atomic_ref&) = default;
  using cuport_atomic_operations<atomic_ref<T, scope>, T>::operator=;
  T* cuport_address() const { return const_cast<T*>(address_); }

 private:
  T* address_;
};

template <thread_scope scope>
class cuport_flag {
 public:
  cuport_flag() = default;
  constexpr cuport_flag(bool set) : value_(set) {}
  bool test_and_set(memory_order order = memory_order_seq_cst, int site = CUPORT_SITE) { return value_.exchange(1, order, site) != 0; }
  bool test(memory_order order = memory_order_seq_cst, int site = CUPORT_SITE) const { return value_.load(order, site) != 0; }
  void clear(memory_order order = memory_order_seq_cst, int site = CUPORT_SITE) { value_.store(0, order, site); }
  void wait(bool old, memory_order order = memory_order_seq_cst, int site = CUPORT_SITE) const { value_.wait(old, order, site); }
  void notify_one() const {}
  void notify_all() const {}

 private:
  atomic<int, scope> value_ = 0;
};
using atomic_flag = cuport_flag<thread_scope_system>;

CUPORT_QUIET inline void atomic_thread_fence(memory_order, thread_scope = thread_scope_system) {
  CUPORT_FENCE();
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
}
inline void atomic_signal_fence(memory_order) { __atomic_signal_fence(__ATOMIC_SEQ_CST); }

#define CUPORT_FREE(name)                                                                                   \
  template <class T, thread_scope scope, class V>                                                           \
  inline T atomic_fetch_##name(atomic<T, scope>* a, V v) { return a->fetch_##name(v); }                     \
  template <class T, thread_scope scope, class V>                                                           \
  inline T atomic_fetch_##name##_explicit(atomic<T, scope>* a, V v, memory_order order) { return a->fetch_##name(v, order); }
CUPORT_FREE(add)
CUPORT_FREE(sub)
CUPORT_FREE(and)
CUPORT_FREE(or)
CUPORT_FREE(xor)
CUPORT_FREE(min)
CUPORT_FREE(max)
#undef CUPORT_FREE
template <class T, thread_scope scope>
inline T atomic_load(const atomic<T, scope>* a) { return a->load(); }
template <class T, thread_scope scope>
inline T atomic_load_explicit(const atomic<T, scope>* a, memory_order order) { return a->load(order); }
template <class T, thread_scope scope, class V>
inline void atomic_store(atomic<T, scope>* a, V v) { a->store(v); }
template <class T, thread_scope scope, class V>
inline void atomic_store_explicit(atomic<T, scope>* a, V v, memory_order order) { a->store(v, order); }
template <class T, thread_scope scope, class V>
inline T atomic_exchange(atomic<T, scope>* a, V v) { return a->exchange(v); }

namespace std {
using namespace ::std;
template <class T>
using atomic = ::cuda::atomic<T, thread_scope_system>;
template <class T>
using atomic_ref = ::cuda::atomic_ref<T, thread_scope_system>;
using ::cuda::atomic_flag;
using ::cuda::atomic_signal_fence;
inline void atomic_thread_fence(memory_order order) { ::cuda::atomic_thread_fence(order); }
using atomic_bool = atomic<bool>;
using atomic_char = atomic<char>;
using atomic_int = atomic<int>;
using atomic_uint = atomic<unsigned>;
using atomic_long = atomic<long>;
using atomic_ulong = atomic<unsigned long>;
using atomic_llong = atomic<long long>;
using atomic_ullong = atomic<unsigned long long>;
using atomic_size_t = atomic<size_t>;
using atomic_int32_t = atomic<int32_t>;
using atomic_uint32_t = atomic<uint32_t>;
using atomic_int64_t = atomic<int64_t>;
using atomic_uint64_t = atomic<uint64_t>;
}  // namespace std

}  // namespace cuda
