// Atomic operations on objects of any size: words by the processor, larger objects under a lock.
#pragma once
#include "../../cuport/threads/atomics.h"
#include "../../cuport/threads/waiting.h"

namespace cuport {

template <size_t N>
constexpr bool is_word = N == 1 || N == 2 || N == 4 || N == 8;

inline unsigned char object_lock = 0;
template <class F>
CUPORT_QUIET inline void under_lock(F f) {
  while (__atomic_test_and_set(&object_lock, __ATOMIC_ACQUIRE)) {
  }
  f();
  __atomic_clear(&object_lock, __ATOMIC_RELEASE);
}

// The checked and the shadow build see the processor's own atomics.
#if defined(CUPORT_CHECKED) || defined(CUPORT_SHADOW_ACCESS)
#define CUPORT_SEEN
#else
#define CUPORT_SEEN CUPORT_QUIET
#endif
template <class Word>
CUPORT_SEEN inline Word load_word(const Word* address, bool relaxed) {
  return relaxed ? __atomic_load_n(address, __ATOMIC_RELAXED) : __atomic_load_n(address, __ATOMIC_SEQ_CST);
}
template <class Word>
CUPORT_SEEN inline void store_word(Word* address, Word word, bool relaxed) {
  if (relaxed) __atomic_store_n(address, word, __ATOMIC_RELAXED);
  else __atomic_store_n(address, word, __ATOMIC_SEQ_CST);
}
#undef CUPORT_SEEN
template <class T>
CUPORT_QUIET inline T atomic_read(const T* address, bool relaxed) {
  T value;
  if constexpr (is_word<sizeof(T)>) {
    using Word = typename word_of<sizeof(T)>::type;
    const Word word = load_word(reinterpret_cast<const Word*>(address), relaxed);
    memcpy(static_cast<void*>(&value), &word, sizeof value);
  } else {
    under_lock([&] { memcpy(static_cast<void*>(&value), static_cast<const void*>(address), sizeof value); });
  }
  return value;
}
template <class T>
CUPORT_QUIET inline void atomic_write(T* address, const T& value, bool relaxed) {
  if constexpr (is_word<sizeof(T)>) {
    using Word = typename word_of<sizeof(T)>::type;
    Word word;
    memcpy(&word, static_cast<const void*>(&value), sizeof word);
    store_word(reinterpret_cast<Word*>(address), word, relaxed);
  } else {
    under_lock([&] { memcpy(static_cast<void*>(address), static_cast<const void*>(&value), sizeof value); });
  }
}
// *address = f(*address); returns what was there.
template <class T, class F>
CUPORT_QUIET inline T atomic_change(T* address, F f) {
  if constexpr (is_word<sizeof(T)>) {
    using Word = typename word_of<sizeof(T)>::type;
    Word seen = __atomic_load_n(reinterpret_cast<Word*>(address), __ATOMIC_RELAXED);
    for (;;) {
      T old;
      memcpy(static_cast<void*>(&old), &seen, sizeof old);
      const T next = f(old);
      Word wanted;
      memcpy(&wanted, static_cast<const void*>(&next), sizeof wanted);
      if (__atomic_compare_exchange_n(reinterpret_cast<Word*>(address), &seen, wanted, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) return old;
    }
  } else {
    T old;
    under_lock([&] {
      memcpy(static_cast<void*>(&old), static_cast<const void*>(address), sizeof old);
      const T next = f(old);
      memcpy(static_cast<void*>(address), static_cast<const void*>(&next), sizeof next);
    });
    return old;
  }
}
template <class T>
CUPORT_QUIET inline bool same_bytes(const T& a, const T& b) {
  return memcmp(static_cast<const void*>(&a), static_cast<const void*>(&b), sizeof(T)) == 0;
}

// A thread that looks again and again waits for another one: let that run now and then.
inline thread_local unsigned looks = 0;
CUPORT_QUIET inline void looked() {
  if (CUPORT_UNLIKELY((++looks & 15u) == 0) && launch_state.in_kernel) lost_race();
}
CUPORT_QUIET inline void lost_to_another() {
  if (launch_state.in_kernel) lost_race();
}

}  // namespace cuport
