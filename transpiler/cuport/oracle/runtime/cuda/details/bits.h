// cuda::bit_reverse, bit fields, masks.
#pragma once
#include "../std/bit"

namespace cuda {

template <class T>
constexpr T bit_reverse(T v) {
  T out = 0;
  for (unsigned i = 0; i < 8 * sizeof(T); ++i) out = static_cast<T>(out << 1 | (v >> i & 1));
  return out;
}
template <class T = unsigned>
constexpr T bitmask(int start, int width) { return static_cast<T>((width >= static_cast<int>(8 * sizeof(T)) ? ~T{0} : static_cast<T>((T{1} << width) - 1)) << start); }
template <class T>
constexpr T bitfield_extract(T v, int start, int width) { return static_cast<T>(v >> start & bitmask<T>(0, width)); }
template <class T>
constexpr T bitfield_insert(T to, T from, int start, int width) {
  const T mask = bitmask<T>(start, width);
  return static_cast<T>((to & ~mask) | (from << start & mask));
}

}  // namespace cuda
