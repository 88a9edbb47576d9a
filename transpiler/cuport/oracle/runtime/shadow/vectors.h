// float2, float3, float4, double2 ... with shadow scalars as lanes. Layout as in CUDA, lane by lane, so that a pointer to
// scalars may be read as a pointer to vectors.
#pragma once
#include "../cuport/numbers/vectors.h"
#include "half.h"

namespace cuport {

template <class S> struct Lanes1 { S x; };
template <class S> struct Lanes2 { S x, y; };
template <class S> struct Lanes3 { S x, y, z; };
template <class S> struct Lanes4 { S x, y, z, w; };

// make_float4 and the like; names.h names the scalar.
template <class S> constexpr Lanes1<S> lanes(std::enable_if_t<true, S> x) { return {x}; }
template <class S> constexpr Lanes2<S> lanes(std::enable_if_t<true, S> x, std::enable_if_t<true, S> y) { return {x, y}; }
template <class S>
constexpr Lanes3<S> lanes(std::enable_if_t<true, S> x, std::enable_if_t<true, S> y, std::enable_if_t<true, S> z) {
  return {x, y, z};
}
template <class S>
constexpr Lanes4<S> lanes(std::enable_if_t<true, S> x, std::enable_if_t<true, S> y, std::enable_if_t<true, S> z, std::enable_if_t<true, S> w) {
  return {x, y, z, w};
}

template <class S> struct lanes_of<Lanes2<S>> { static constexpr int count = 2; using type = S; };
template <class S> struct lanes_of<Lanes3<S>> { static constexpr int count = 3; using type = S; };
template <class S> struct lanes_of<Lanes4<S>> { static constexpr int count = 4; using type = S; };
template <class S> struct lanes_of<Lanes1<S>> { static constexpr int count = 1; using type = S; };
template <int P> struct lanes_of<ShadowPair<P>> { static constexpr int count = 2; using type = ShadowT<P>; };

}  // namespace cuport
