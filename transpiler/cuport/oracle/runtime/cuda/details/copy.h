// cuda::memcpy_async: the copy happens when it is asked for; by one thread, or by a group's threads each its share.
#pragma once
#include <type_traits>
#include "size.h"
#include "../../cuport/config.h"

namespace cuda {

template <class Word>
inline void cuport_copy_words(void* to, const void* from, size_t bytes, size_t first, size_t step) {
  for (size_t i = first; i < bytes / sizeof(Word); i += step) static_cast<Word*>(to)[i] = static_cast<const Word*>(from)[i];
}
inline void cuport_copy(void* to, const void* from, size_t bytes, size_t first = 0, size_t step = 1) {
  const uintptr_t all = reinterpret_cast<uintptr_t>(to) | reinterpret_cast<uintptr_t>(from) | bytes;
  if (all % 8 == 0) cuport_copy_words<unsigned long long>(to, from, bytes, first, step);
  else if (all % 4 == 0) cuport_copy_words<unsigned>(to, from, bytes, first, step);
  else cuport_copy_words<char>(to, from, bytes, first, step);
}

template <class T>
inline constexpr bool cuport_takes_copies = false;  // barriers and pipelines

template <class T, class U, class Size, class Sync, class = std::enable_if_t<cuport_takes_copies<Sync>>>
inline void memcpy_async(T* to, const U* from, Size bytes, Sync&) {
  cuport_check_size<T, U>(static_cast<size_t>(bytes));
  cuport_copy(to, from, static_cast<size_t>(bytes));
}
template <class Group, class T, class U, class Size, class Sync, class = std::enable_if_t<cuport_takes_copies<Sync>>>
inline void memcpy_async(const Group& g, T* to, const U* from, Size bytes, Sync&) {
  cuport_check_size<T, U>(static_cast<size_t>(bytes));
  cuport_copy(to, from, static_cast<size_t>(bytes), g.thread_rank(), g.size());
}

}  // namespace cuda
