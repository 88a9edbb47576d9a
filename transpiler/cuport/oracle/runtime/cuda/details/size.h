// A number of bytes that is known to be a multiple of an alignment.
#pragma once
#include <stddef.h>
#include <type_traits>
#include "../../cuport/threads/fault.h"

namespace cuda {

template <size_t alignment>
struct aligned_size_t {
  static constexpr size_t align = alignment;
  size_t value;
  constexpr aligned_size_t(size_t bytes) : value(bytes) {}
  constexpr operator size_t() const { return value; }
};

// In the shadow build elements are larger: a size written as sizeof(...) has grown with them, a number has not.
template <class T, class U>
inline void cuport_check_size(size_t bytes) {
#ifdef CUPORT_SHADOW
  static_assert(!::std::is_void_v<T> && !::std::is_void_v<U>, "no shadow: an asynchronous copy between pointers to void");
  if constexpr (!::std::is_void_v<T>) {
    if (sizeof(T) > 16 && bytes % sizeof(T) != 0) ::cuport::fatal("no shadow: an asynchronous copy whose size is a number");
  }
#endif
  (void)bytes;
}

}  // namespace cuda
