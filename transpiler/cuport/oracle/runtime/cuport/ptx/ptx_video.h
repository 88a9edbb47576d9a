// The video instructions of PTX: arithmetic on selected bytes and halves of words, and on all of them.
#pragma once
#include "ptx_convert.h"

namespace cuport {
namespace ptx {

CUPORT_FN int64_t video_add(int64_t a, int64_t b) { return a + b; }
CUPORT_FN int64_t video_sub(int64_t a, int64_t b) { return a - b; }
CUPORT_FN int64_t video_absdiff(int64_t a, int64_t b) { return a < b ? b - a : a - b; }
CUPORT_FN int64_t video_min(int64_t a, int64_t b) { return a < b ? a : b; }
CUPORT_FN int64_t video_max(int64_t a, int64_t b) { return a < b ? b : a; }
CUPORT_FN int64_t video_avrg(int64_t a, int64_t b) { return (a + b + (a + b >= 0 ? 1 : 0)) >> 1; }  // halves go away from zero
template <class T> CUPORT_FN T video_wrap(int64_t v) { return static_cast<T>(v); }
template <class T> CUPORT_FN T video_clamp(int64_t v) { return clamped<T>(v); }

// Each lane of a word; the results in the lanes of d, or with `Total` their sum and c.
template <class D, class A, class B, bool Saturate, bool Total, class F>
CUPORT_FN uint32_t video_lanes(uint32_t a, uint32_t b, uint32_t c, F f) {
  constexpr int lanes = 4 / static_cast<int>(sizeof(D));
  uint32_t r = Total ? c : 0;
  for (int i = 0; i < lanes; ++i) {
    const int64_t v = f(static_cast<int64_t>(part<A>(a, i)), static_cast<int64_t>(part<B>(b, i)));
    if constexpr (Total) r += static_cast<uint32_t>(v);
    else r |= static_cast<uint32_t>(static_cast<std::make_unsigned_t<D>>(Saturate ? clamped<D>(v) : static_cast<D>(v))) << (i * bits_of<D>);
  }
  return r;
}

}  // namespace ptx
}  // namespace cuport
