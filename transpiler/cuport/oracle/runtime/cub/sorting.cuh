// Stable sorts of arrays by one thread: by radix over a range of key bits, and by comparison. Values may be absent.
#pragma once
#include "util_type.cuh"

namespace cub {
namespace internal {

// `values` null: keys alone. The order is that of the keys' bits [begin, end), lowest bit first as CUB counts them.
template <class K, class V>
inline void radix_sort(K* keys, V* values, size_t n, int begin, int end, bool descending) {
  static_assert(is_floating<K> || is_integer<K>, "no shadow: a radix sort sees the bits of its keys");
  using Bits = typename bits_of<sizeof(K)>::type;
  struct Entry {
    Bits bits;
    size_t from;
  };
  if (n < 2 || end <= begin) return;
  const int width = end - begin;
  const Bits all = width >= static_cast<int>(sizeof(K) * 8) ? Bits(~Bits(0)) : Bits((Bits(1) << width) - 1);
  auto* now = static_cast<Entry*>(malloc(2 * n * sizeof(Entry)));
  Entry* next = now + n;
  Entry* const memory = now;
  for (size_t i = 0; i < n; ++i) {
    Bits b = Bits(Bits(ordered_bits(keys[i]) >> begin) & all);
    if (descending) b = Bits(~b & all);
    now[i] = Entry{b, i};
  }
  if (n < 48) {
    for (size_t i = 1; i < n; ++i) {
      const Entry e = now[i];
      size_t j = i;
      for (; j > 0 && e.bits < now[j - 1].bits; --j) now[j] = now[j - 1];
      now[j] = e;
    }
  } else {
    for (int shift = 0; shift < width; shift += 8) {
      size_t count[257] = {};
      for (size_t i = 0; i < n; ++i) ++count[static_cast<size_t>((now[i].bits >> shift) & 255) + 1];
      bool one = false;
      for (int digit = 1; digit <= 256; ++digit) one = one || count[digit] == n;
      if (one) continue;  // every key has the same digit
      for (int digit = 1; digit <= 256; ++digit) count[digit] += count[digit - 1];
      for (size_t i = 0; i < n; ++i) next[count[static_cast<size_t>((now[i].bits >> shift) & 255)]++] = now[i];
      Entry* const swapped = now;
      now = next, next = swapped;
    }
  }
  auto permute = [&](auto* items) {
    using T = std::remove_reference_t<decltype(*items)>;
    auto* copy = static_cast<T*>(malloc(n * sizeof(T)));
    memcpy(static_cast<void*>(copy), static_cast<const void*>(items), n * sizeof(T));
    for (size_t i = 0; i < n; ++i) items[i] = copy[now[i].from];
    free(copy);
  };
  permute(keys);
  if constexpr (!std::is_same_v<V, NullType>) {
    if (values != nullptr) permute(values);
  }
  free(memory);
}

// Bottom-up merge sort over places, so that keys and values of any size move once.
template <class K, class V, class Less>
inline void merge_sort(K keys, V values, size_t n, Less less) {
  using Key = value_t<K>;
  if (n < 2) return;
  auto* now = static_cast<size_t*>(malloc(2 * n * sizeof(size_t)));
  size_t* next = now + n;
  size_t* const memory = now;
  for (size_t i = 0; i < n; ++i) now[i] = i;
  for (size_t width = 1; width < n; width *= 2) {
    for (size_t first = 0; first < n; first += 2 * width) {
      const size_t middle = first + width < n ? first + width : n, last = first + 2 * width < n ? first + 2 * width : n;
      size_t a = first, b = middle;
      for (size_t to = first; to < last; ++to) {
        const bool right = a == middle || (b < last && less(static_cast<const Key&>(keys[now[b]]), static_cast<const Key&>(keys[now[a]])));
        next[to] = now[right ? b++ : a++];
      }
    }
    size_t* const swapped = now;
    now = next, next = swapped;
  }
  auto permute = [&](auto items) {
    using T = value_t<decltype(items)>;
    auto* copy = static_cast<T*>(malloc(n * sizeof(T)));
    for (size_t i = 0; i < n; ++i) new (static_cast<void*>(copy + i)) T(items[i]);
    for (size_t i = 0; i < n; ++i) items[i] = copy[now[i]];
    free(copy);
  };
  permute(keys);
  if constexpr (!std::is_same_v<value_t<V>, NullType>) {
    if constexpr (std::is_pointer_v<V>) {
      if (values != nullptr) permute(values);
    } else {
      permute(values);
    }
  }
  free(memory);
}

}  // namespace internal
}  // namespace cub
