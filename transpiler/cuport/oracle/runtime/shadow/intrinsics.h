// CUDA's fast and directed-rounding intrinsics on shadow scalars.
//
// Errors from the "Intrinsic Functions" part of the CUDA C++ Programming Guide's appendix. Absolute errors are stated
// there for an interval only ("larger otherwise"); outside [-pi, pi] they grow here with the argument, as range reduction
// by a rounded constant does. Names as in cuport/numbers/math_fast.h, where `__expf` is a macro for `cuport::fast_expf`.
#pragma once
#include "functions.h"

namespace cuport {

// One more rounding unit: a directed rounding is up to a whole ulp off.
inline Shadow widened(Shadow a, double units, double absolute = 0) {
  return Shadow::leaf(a.v, a.error() + units * Format<24>::u * magnitude(a.v) + absolute, a.flags() & flag::tainted);
}

#define CUPORT_SHADOW_ANY1 template <class A, std::enable_if_t<is_shadow_v<A>, int> = 0>
#define CUPORT_SHADOW_ANY2 template <class A, class B, std::enable_if_t<mixes<A, B>, int> = 0>

CUPORT_SHADOW_ANY1 Shadow fast_expf(const A& a) {
  Shadow x(a);
  return unary(x, 2 * (2 + std::floor(1.173 * magnitude(x.v))), [](double t) { return std::exp(t); });
}
CUPORT_SHADOW_ANY1 Shadow fast_exp10f(const A& a) {
  Shadow x(a);
  return unary(x, 2 * (2 + std::floor(2.97 * magnitude(x.v))), [](double t) { return std::pow(10.0, t); });
}
CUPORT_SHADOW_ANY1 Shadow fast_exp2f(const A& a) { return exp2(Shadow(a)); }
template <class Fn>
Shadow fast_log(const Shadow& x, double absolute, double ulps, Fn fn) {
  bool near_one = x.v >= 0.5 && x.v <= 2;
  return unary(x, near_one ? 2 : 2 * ulps, fn, near_one ? absolute : 0);
}
CUPORT_SHADOW_ANY1 Shadow fast_logf(const A& a) { return fast_log(a, 0x1p-21 * 0.753, 3, [](double t) { return std::log(t); }); }  // 2^-21.41
CUPORT_SHADOW_ANY1 Shadow fast_log2f(const A& a) { return fast_log(a, 0x1p-22, 2, [](double t) { return std::log2(t); }); }
CUPORT_SHADOW_ANY1 Shadow fast_log10f(const A& a) { return fast_log(a, 0x1p-24, 3, [](double t) { return std::log10(t); }); }
inline double periods(const Shadow& x) {
  double r = magnitude(x.v) / 3.14159265358979324;
  return r < 1 ? 1 : r;
}
CUPORT_SHADOW_ANY1 Shadow fast_sinf(const A& a) { Shadow x(a); return widened(sin(x), 0, 0x1p-21 * 0.753 * periods(x)); }
CUPORT_SHADOW_ANY1 Shadow fast_cosf(const A& a) { Shadow x(a); return widened(cos(x), 0, 0x1p-21 * 0.877 * periods(x)); }  // 2^-21.19
CUPORT_SHADOW_ANY1 Shadow fast_tanf(const A& a) { return quotient(fast_sinf(a), fast_cosf(a), 4); }
CUPORT_SHADOW_ANY1 void fast_sincosf(const A& a, Shadow* s, Shadow* c) { *s = fast_sinf(a); *c = fast_cosf(a); }
CUPORT_SHADOW_ANY1 Shadow fast_tanhf(const A& a) { return widened(tanh(Shadow(a)), 0, 0x1p-11); }
CUPORT_SHADOW_ANY2 Shadow fast_powf(const A& a, const B& b) {
  Shadow y(b);
  return exp2(y * fast_log2f(Shadow(a)));
}
CUPORT_SHADOW_ANY2 Shadow fast_divide(const A& a, const B& b) {
  Shadow x(a), y(b), q = quotient(x, y, 4);
  if (magnitude(y.v) > 0x1p126 && magnitude(y.v) < infinity) q.L = infinity;  // may flush to 0
  return q;
}
CUPORT_SHADOW_ANY1 Shadow __saturatef(const A& a) {
  Shadow x(a);
  return x.v != x.v ? Shadow(0) : Shadow(saturate(x));
}

#define CUPORT_SHADOW_ROUNDED(prefix, S, unit)                                                                   \
  CUPORT_SHADOW_ANY2 S __##prefix##add_##unit(const A& a, const B& b) { return S(a) + S(b); }                    \
  CUPORT_SHADOW_ANY2 S __##prefix##sub_##unit(const A& a, const B& b) { return S(a) - S(b); }                    \
  CUPORT_SHADOW_ANY2 S __##prefix##mul_##unit(const A& a, const B& b) { return S(a) * S(b); }                    \
  CUPORT_SHADOW_ANY2 S __##prefix##div_##unit(const A& a, const B& b) { return S(a) / S(b); }                    \
  CUPORT_SHADOW_ANY1 S __##prefix##rcp_##unit(const A& a) { return S(1) / S(a); }                                \
  CUPORT_SHADOW_ANY1 S __##prefix##sqrt_##unit(const A& a) { return sqrt(S(a)); }
CUPORT_SHADOW_ROUNDED(f, Shadow, rn)
CUPORT_SHADOW_ROUNDED(d, ShadowDouble, rn)
#undef CUPORT_SHADOW_ROUNDED
template <class A, class B, class C, std::enable_if_t<common3<A, B, C> != 0, int> = 0>
Shadow __fmaf_rn(const A& a, const B& b, const C& c) { return fmaf(a, b, c); }
template <class A, class B, class C, std::enable_if_t<common3<A, B, C> != 0, int> = 0>
ShadowDouble __fma_rn(const A& a, const B& b, const C& c) { return ShadowDouble(a) * ShadowDouble(b) + ShadowDouble(c); }
CUPORT_SHADOW_ANY1 Shadow __frsqrt_rn(const A& a) { return rsqrt(Shadow(a)); }

#define CUPORT_SHADOW_DIRECTED(unit)                                                                                \
  CUPORT_SHADOW_ANY2 Shadow __fadd_##unit(const A& a, const B& b) { return widened(Shadow(a) + Shadow(b), 2); }     \
  CUPORT_SHADOW_ANY2 Shadow __fsub_##unit(const A& a, const B& b) { return widened(Shadow(a) - Shadow(b), 2); }     \
  CUPORT_SHADOW_ANY2 Shadow __fmul_##unit(const A& a, const B& b) { return widened(Shadow(a) * Shadow(b), 2); }     \
  CUPORT_SHADOW_ANY2 Shadow __fdiv_##unit(const A& a, const B& b) { return widened(Shadow(a) / Shadow(b), 2); }     \
  CUPORT_SHADOW_ANY1 Shadow __frcp_##unit(const A& a) { return widened(Shadow(1) / Shadow(a), 2); }                 \
  CUPORT_SHADOW_ANY1 Shadow __fsqrt_##unit(const A& a) { return widened(sqrt(Shadow(a)), 2); }                      \
  template <class A, class B, class C, std::enable_if_t<common3<A, B, C> != 0, int> = 0>                            \
  Shadow __fmaf_##unit(const A& a, const B& b, const C& c) { return widened(fmaf(a, b, c), 2); }                    \
  template <int P> Shadow __double2float_##unit(const ShadowT<P>& a) { return widened(Shadow(a), 2); }
CUPORT_SHADOW_DIRECTED(rz)
CUPORT_SHADOW_DIRECTED(ru)
CUPORT_SHADOW_DIRECTED(rd)
#undef CUPORT_SHADOW_DIRECTED
template <int P> Shadow __double2float_rn(const ShadowT<P>& a) { return Shadow(a); }

#undef CUPORT_SHADOW_ANY1
#undef CUPORT_SHADOW_ANY2

}  // namespace cuport
