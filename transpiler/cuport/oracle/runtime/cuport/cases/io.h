// How a value travels between the case file and device memory.
//
// `io<T>` is the seam for scalars that are more than their bytes (the shadow scalar): a specialisation says how many
// bytes one element has in the file, how to make an element from them, how to give them back, and whether the element
// carries more than that (`streams`). Device buffers hold T objects; the file holds what plain CUDA would hold.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>

namespace cuport {

// Results beside the bytes, one entry for each scalar of a buffer, in memory order (a float4 has four).
struct Stream {
  double* value;     // the result in higher precision
  double* bound;     // absolute error a correct port may have
  uint8_t* touched;  // 1 if the kernel computed it, 0 if it was copied or left alone
  uint8_t* tainted;  // 1 if control flow near a tie decided it
};

template <class T, class Enable = void>
struct io {
  static constexpr size_t size = sizeof(T);   // bytes of one element in the file
  static constexpr size_t align = alignof(T);  // its alignment in the file's (plain CUDA's) layout
  static constexpr bool raw = true;            // element and file bytes are the same: memory may be viewed as any type
  static constexpr bool streams = false;       // whether `stream` below exists and is to be written
  static constexpr int scalars = 1;            // entries of the stream for one element

  static void load(T& to, const unsigned char* from) { memcpy(static_cast<void*>(&to), from, sizeof(T)); }
  static void store(unsigned char* to, const T& from) { memcpy(to, static_cast<const void*>(&from), sizeof(T)); }
  // With `streams`: static void stream(const T* elements, size_t n, Stream out), out has n * scalars entries each.
};

template <class T>
struct io<const T> : io<T> {};
template <class T>
struct io<volatile T> : io<T> {};
template <class T>
struct io<const volatile T> : io<T> {};

}  // namespace cuport
