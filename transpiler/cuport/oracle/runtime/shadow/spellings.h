// The other ways to spell the same functions: `::expf(x)`, `std::exp(x)`, `std::max(a, b)`, `std::numeric_limits<float>`.
// Unqualified calls find the functions through their arguments and need nothing of this.
#pragma once
#include <algorithm>
#include <cmath>
#include <limits>
#include "intrinsics.h"

#define CUPORT_SPELL_BOTH(X)                                                                                        \
  X(sqrt) X(cbrt) X(exp) X(exp2) X(expm1) X(log) X(log2) X(log10) X(log1p) X(asin) X(acos) X(atan) X(sinh) X(cosh)  \
  X(tanh) X(asinh) X(acosh) X(atanh) X(erf) X(erfc) X(tgamma) X(lgamma) X(floor) X(ceil) X(trunc) X(round) X(rint)  \
  X(nearbyint) X(logb) X(sin) X(cos) X(tan) X(fabs) X(abs) X(pow) X(atan2) X(hypot) X(fmod) X(remainder) X(fmax)    \
  X(fmin) X(fdim) X(copysign) X(nextafter) X(fma) X(lrint) X(llrint) X(lround) X(llround) X(ilogb) X(isnan)         \
  X(isinf) X(isfinite) X(signbit) X(ldexp) X(scalbn) X(scalbln) X(frexp) X(modf) X(remquo)
#define CUPORT_SPELL_GLOBAL(X)                                                                                       \
  X(sqrtf) X(cbrtf) X(expf) X(exp2f) X(expm1f) X(logf) X(log2f) X(log10f) X(log1pf) X(asinf) X(acosf) X(atanf)       \
  X(sinhf) X(coshf) X(tanhf) X(asinhf) X(acoshf) X(atanhf) X(erff) X(erfcf) X(tgammaf) X(lgammaf) X(floorf) X(ceilf) \
  X(truncf) X(roundf) X(rintf) X(nearbyintf) X(logbf) X(sinf) X(cosf) X(tanf) X(fabsf) X(powf) X(atan2f) X(hypotf)   \
  X(fmodf) X(remainderf) X(fmaxf) X(fminf) X(fdimf) X(copysignf) X(nextafterf) X(fmaf) X(rsqrt) X(rsqrtf) X(rcbrt)   \
  X(rcbrtf) X(exp10) X(exp10f) X(erfinv) X(erfinvf) X(erfcinv) X(erfcinvf) X(erfcx) X(erfcxf) X(normcdf) X(normcdff) \
  X(normcdfinv) X(normcdfinvf) X(sinpi) X(sinpif) X(cospi) X(cospif) X(sincos) X(sincosf) X(sincospi) X(sincospif)   \
  X(rhypot) X(rhypotf) X(fdividef) X(ldexpf) X(scalbnf) X(scalblnf) X(frexpf) X(modff) X(remquof) X(lrintf)          \
  X(llrintf) X(lroundf) X(llroundf) X(ilogbf) X(min) X(max)

#define CUPORT_SPELL(name) using cuport::name;
CUPORT_SPELL_BOTH(CUPORT_SPELL)
CUPORT_SPELL_GLOBAL(CUPORT_SPELL)
namespace std {
CUPORT_SPELL_BOTH(CUPORT_SPELL)

// By reference like the standard's, so that they are the more special overload and keep max's rule for ties.
template <int P>
inline cuport::ShadowT<P> max(const cuport::ShadowT<P>& a, const cuport::ShadowT<P>& b) { return cuport::extreme(a, b, true); }
template <int P>
inline cuport::ShadowT<P> min(const cuport::ShadowT<P>& a, const cuport::ShadowT<P>& b) { return cuport::extreme(a, b, false); }

template <int P>
struct numeric_limits<cuport::ShadowT<P>> {
  using S = cuport::ShadowT<P>;
  static constexpr bool is_specialized = true, is_signed = true, is_integer = false, is_exact = false;
  static constexpr bool has_infinity = true, has_quiet_NaN = true, is_iec559 = true, is_bounded = true;
  static constexpr int digits = P, radix = 2;
  static constexpr int max_exponent = P == 53 ? 1024 : P == 11 ? 16 : 128, min_exponent = P == 53 ? -1021 : P == 11 ? -13 : -125;
  static constexpr S max() { return S((1 - cuport::Format<P>::u) * (P == 53 ? 0x1p1023 : P == 11 ? 0x1p15 : 0x1p127)) * S(2); }
  static constexpr S lowest() { return -max(); }
  static constexpr S min() { return S(P == 53 ? 0x1p-1022 : P == 11 ? 0x1p-14 : 0x1p-126); }
  static constexpr S denorm_min() { return S(P == 53 ? 0x1p-1074 : P == 24 ? 0x1p-149 : P == 11 ? 0x1p-24 : 0x1p-133); }
  static constexpr S epsilon() { return S(2 * cuport::Format<P>::u); }
  static constexpr S round_error() { return S(0.5f); }
  static constexpr S infinity() { return S(__builtin_inf()); }
  static constexpr S quiet_NaN() { return S(__builtin_nan("")); }
  static constexpr S signaling_NaN() { return S(__builtin_nan("")); }
};
}  // namespace std
#undef CUPORT_SPELL
#undef CUPORT_SPELL_BOTH
#undef CUPORT_SPELL_GLOBAL
