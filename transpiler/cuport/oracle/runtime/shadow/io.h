// How shadow scalars travel between the case file and device memory: see cuport/cases/io.h for the seam.
//
// Integers stream too, with a bound of 0: what a tainted thread stored is marked by address.
#pragma once
#include "../cuport/cases/io.h"
#include "vectors.h"

namespace cuport {

template <class... A>
int silent(const A&...) { return 0; }

template <int P>
struct io<ShadowT<P>, void> {
  using S = ShadowT<P>;
  using scalar = S;
  static constexpr size_t size = P == 53 ? 8 : P == 24 ? 4 : 2;
  static constexpr size_t align = size;
  static constexpr bool raw = false, streams = true;
  static constexpr int scalars = 1;

  static void load(S& to, const unsigned char* from) {
    double value = 0;
    if constexpr (P >= 24) {
      typename S::F::Plain x;
      memcpy(&x, from, size);
      value = x;
    } else {
      uint16_t bits;
      memcpy(&bits, from, size);
      value = from_bits<P>(bits);
    }
    to = S::input(value, stamp() >> 1);
  }
  static void store(unsigned char* to, const S& from) {
    if constexpr (P >= 24) {
      typename S::F::Plain x = static_cast<typename S::F::Plain>(from.v);
      memcpy(to, &x, size);
    } else {
      uint16_t bits = to_bits<P>(static_cast<double>(from.v));
      memcpy(to, &bits, size);
    }
  }
  static void put(const S& s, Stream out, size_t at) {
    out.value[at] = static_cast<double>(s.v);
    out.bound[at] = s.bound();
    out.touched[at] = s.has(flag::touched);
    out.tainted[at] = s.has(flag::tainted) || taint::marks.get(&s, sizeof s);
  }
  static void stream(const S* elements, size_t n, Stream out) {
    for (size_t i = 0; i < n; i++) put(elements[i], out, i);
  }
};

// Vectors, lane by lane. `aligned`: CUDA's alignment of the vector, which sizes the element in the file.
template <class V, class S, int lanes, size_t aligned>
struct LanesIo {
  using scalar = S;
  static constexpr size_t size = io<S>::size * lanes, align = aligned;
  static constexpr bool raw = false, streams = true;
  static constexpr int scalars = lanes;
  static void load(V& to, const unsigned char* from) {
    for (int i = 0; i < lanes; i++) io<S>::load(reinterpret_cast<S*>(&to)[i], from + i * io<S>::size);
  }
  static void store(unsigned char* to, const V& from) {
    for (int i = 0; i < lanes; i++) io<S>::store(to + i * io<S>::size, reinterpret_cast<const S*>(&from)[i]);
  }
  static void stream(const V* elements, size_t n, Stream out) { io<S>::stream(reinterpret_cast<const S*>(elements), n * lanes, out); }
};
template <class S> struct io<Lanes1<S>, void> : LanesIo<Lanes1<S>, S, 1, io<S>::size> {};
template <class S> struct io<Lanes2<S>, void> : LanesIo<Lanes2<S>, S, 2, io<S>::size * 2> {};
template <class S> struct io<Lanes3<S>, void> : LanesIo<Lanes3<S>, S, 3, io<S>::size> {};
template <class S> struct io<Lanes4<S>, void> : LanesIo<Lanes4<S>, S, 4, 16> {};
template <int P> struct io<ShadowPair<P>, void> : LanesIo<ShadowPair<P>, ShadowT<P>, 2, 4> {};

template <class T>
struct io<T, std::enable_if_t<std::is_arithmetic_v<T> && !std::is_const_v<T> && !std::is_volatile_v<T>>> {
  static constexpr size_t size = sizeof(T), align = alignof(T);
  static constexpr bool raw = true, streams = true;
  static constexpr int scalars = 1;
  static void load(T& to, const unsigned char* from) { memcpy(&to, from, sizeof(T)); }
  static void store(unsigned char* to, const T& from) { memcpy(to, &from, sizeof(T)); }
  static void stream(const T* elements, size_t n, Stream out) {
    for (size_t i = 0; i < n; i++) {
      out.value[i] = static_cast<double>(elements[i]);
      out.bound[i] = 0;
      out.touched[i] = 0;
      out.tainted[i] = taint::marks.get(elements + i, sizeof(T));
    }
  }
};

}  // namespace cuport
