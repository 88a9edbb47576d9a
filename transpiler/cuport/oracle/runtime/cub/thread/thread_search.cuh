// Binary searches of one thread.
#pragma once
#include "../util_type.cuh"

namespace cub {

template <class It, class Offset, class T>
inline Offset LowerBound(It in, Offset n, T value) {
  Offset at = 0;
  while (n > 0) {
    const Offset half = n >> 1;
    if (in[at + half] < value) at += half + 1, n -= half + 1; else n = half;
  }
  return at;
}
template <class It, class Offset, class T>
inline Offset UpperBound(It in, Offset n, T value) {
  Offset at = 0;
  while (n > 0) {
    const Offset half = n >> 1;
    if (value < in[at + half]) n = half; else at += half + 1, n -= half + 1;
  }
  return at;
}
// Where the diagonal meets the path that merges a and b.
template <class A, class B, class Offset, class Coordinate>
inline void MergePathSearch(Offset diagonal, A a, B b, Offset a_length, Offset b_length, Coordinate& found) {
  Offset low = diagonal > b_length ? diagonal - b_length : 0, high = diagonal < a_length ? diagonal : a_length;
  while (low < high) {
    const Offset middle = (low + high) >> 1;
    if (a[middle] <= b[diagonal - middle - 1]) low = middle + 1; else high = middle;
  }
  found.x = low < a_length ? low : a_length;
  found.y = diagonal - low;
}

}  // namespace cub
