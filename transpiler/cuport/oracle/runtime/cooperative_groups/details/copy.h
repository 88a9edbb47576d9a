// Asynchronous copies: they happen when they are asked for, each thread its share; the barrier of `wait` makes them seen.
#pragma once
#include "partition.h"
#include "../../cuda/details/size.h"

namespace cooperative_groups {

template <class Word, class Group>
inline void cuport_copy_words(const Group& g, void* to, const void* from, size_t bytes) {
  for (size_t i = g.thread_rank(); i < bytes / sizeof(Word); i += g.size()) static_cast<Word*>(to)[i] = static_cast<const Word*>(from)[i];
}
template <class Group>
inline void cuport_copy(const Group& g, void* to, const void* from, size_t bytes) {
  const uintptr_t all = reinterpret_cast<uintptr_t>(to) | reinterpret_cast<uintptr_t>(from) | bytes;
  if (all % 8 == 0) cuport_copy_words<unsigned long long>(g, to, from, bytes);
  else if (all % 4 == 0) cuport_copy_words<unsigned>(g, to, from, bytes);
  else cuport_copy_words<char>(g, to, from, bytes);
}

// `bytes` of them ...
template <class Group, class T, class U>
inline void memcpy_async(const Group& g, T* to, const U* from, size_t bytes) {
  cuda::cuport_check_size<T, U>(bytes);
  cuport_copy(g, to, from, bytes);
}
template <class Group, class T, class U, size_t alignment>
inline void memcpy_async(const Group& g, T* to, const U* from, cuda::aligned_size_t<alignment> bytes) {
  cuda::cuport_check_size<T, U>(bytes.value);
  cuport_copy(g, to, from, bytes.value);
}
// ... or as many elements as both sides have.
template <class Group, class T, class N, class U, class M>
inline void memcpy_async(const Group& g, T* to, const N& to_count, const U* from, const M& from_count) {
  const size_t a = static_cast<size_t>(to_count), b = static_cast<size_t>(from_count);
  cuport_copy(g, to, from, (a < b ? a : b) * sizeof(T));
}
template <class Group>
inline void wait(const Group& g, int site = CUPORT_SITE) { g.sync(site); }
template <unsigned N, class Group>
inline void wait_prior(const Group& g, int site = CUPORT_SITE) { g.sync(site); }

}  // namespace cooperative_groups
