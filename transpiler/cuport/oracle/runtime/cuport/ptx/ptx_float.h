// Floating-point instructions of PTX, f16 and bf16 alone and in pairs among them.
//
// `Mode` is a set of the bits below. The .approx forms give the well-rounded value: hardware's error is the business of
// the bounds.
#pragma once
#include "../numbers/math_fast.h"
#include "../numbers/narrow.h"
#include "ptx.h"

namespace cuport {
namespace ptx {

enum : unsigned { ftz = 1, sat = 2, relu = 4, nan = 8, magnitudes = 16, xor_sign = 32 };

using Half = Format16<5, 10>;
using Brain = Format16<8, 7>;
template <class T> struct lane { using type = void; };
template <> struct lane<f16x2> { using type = f16; };
template <> struct lane<bf16x2> { using type = bf16; };
template <class T> inline constexpr bool is_pair = !std::is_void_v<typename lane<T>::type>;

CUPORT_FN double value(float x) { return static_cast<double>(x); }
CUPORT_FN double value(double x) { return x; }
CUPORT_FN double value(f16 x) { return static_cast<double>(Half::widen(x.bits)); }
CUPORT_FN double value(bf16 x) { return static_cast<double>(Brain::widen(x.bits)); }
CUPORT_FN double value(tf32 x) { return static_cast<double>(bit_cast<float>(x.bits & 0xFFFFE000u)); }
template <class T, Round R = Round::nearest>
CUPORT_FN T rounded_to(double x) {
  if constexpr (std::is_same_v<T, float>) return convert<R, float>(x);
  else if constexpr (std::is_same_v<T, double>) return x;
  else if constexpr (std::is_same_v<T, f16>) return f16{Half::narrow(x, R)};
  else return bf16{Brain::narrow(x, R)};
}
template <class T> CUPORT_FN bool is_nan(T x) { return value(x) != value(x); }

CUPORT_FN float flushed(float x) { return fabsf(x) < 0x1p-126f ? copysignf(0.0f, x) : x; }
CUPORT_FN f16 flushed(f16 x) { return (x.bits & 0x7C00u) == 0 ? f16{static_cast<uint16_t>(x.bits & 0x8000u)} : x; }
template <class T> CUPORT_FN T flushed(T x) { return x; }
// What comes after the operation itself.
template <unsigned Mode, class T>
CUPORT_FN T finished(T x) {
  if constexpr ((Mode & ftz) != 0) x = flushed(x);
  if constexpr ((Mode & (sat | relu)) != 0) {
    const double v = value(x);
    if ((Mode & sat) != 0) return v >= 1.0 ? rounded_to<T>(1.0) : v > 0.0 ? x : rounded_to<T>(0.0);  // NaN gives 0
    if (v < 0.0 || (v == 0.0 && signbit(v))) return rounded_to<T>(0.0);
  }
  return x;
}

// An operation lane by lane, its operands flushed first where the mode says so.
template <unsigned Mode, class F, class T, class... Rest>
CUPORT_FN T each(F f, T a, Rest... rest) {
  if constexpr (is_pair<T>) {
    using L = typename lane<T>::type;
    const L low = each<Mode>(f, part<L>(a, 0), part<L>(rest, 0)...), high = each<Mode>(f, part<L>(a, 1), part<L>(rest, 1)...);
    return pack<T>(low, high);
  } else if constexpr ((Mode & ftz) != 0) {
    return finished<Mode>(f(flushed(a), flushed(rest)...));
  } else {
    return finished<Mode>(f(a, rest...));
  }
}
// A shadow scalar that an operation gave; the functions are found once shadow/ has been included.
template <unsigned Mode, Round R, class T>
CUPORT_FN T shadowed(T x) {
  if constexpr (R != Round::nearest) x = widened(x, 2);
  if constexpr ((Mode & sat) != 0) x = __saturatef(x);
  if constexpr ((Mode & relu) != 0) x = fmax(x, T(0));
  return x;
}
// float and double are computed in their own type and rounding mode, narrow types in double and rounded once.
#define CUPORT_PTX_BINARY(name, op)                                                                              \
  template <unsigned Mode, Round R, class T>                                                                     \
  CUPORT_FN T name(T a, T b) {                                                                                   \
    if constexpr (is_shadow_value<T>) return shadowed<Mode, R>(T(a op b));                                       \
    else return each<Mode>([](auto x, auto y) {                                                                       \
      using V = decltype(x);                                                                                     \
      if constexpr (!std::is_floating_point_v<V>) return rounded_to<V, R>(value(x) op value(y));                 \
      else if constexpr (R == Round::nearest) return x op y;                                                     \
      else return rounded<R>(x, y, [](V p, V q) CUPORT_NOINLINE { return p op q; });                             \
    }, a, b);                                                                                                    \
  }
CUPORT_PTX_BINARY(add, +)
CUPORT_PTX_BINARY(sub, -)
CUPORT_PTX_BINARY(mul, *)
CUPORT_PTX_BINARY(div, /)
#undef CUPORT_PTX_BINARY
template <unsigned Mode, Round R, class T>
CUPORT_FN T fma(T a, T b, T c) {
  if constexpr (is_shadow_value<T>) return shadowed<Mode, R>(T(a * b + c));
  else return each<Mode>([](auto x, auto y, auto z) {
    using V = decltype(x);
    if constexpr (std::is_same_v<V, float>) {
      if constexpr (R == Round::nearest) return fmaf(x, y, z);
      else if constexpr (R == Round::zero) return __fmaf_rz(x, y, z);
      else if constexpr (R == Round::up) return __fmaf_ru(x, y, z);
      else return __fmaf_rd(x, y, z);
    } else if constexpr (std::is_same_v<V, double>) {
      if constexpr (R == Round::nearest) return ::fma(x, y, z);
      else if constexpr (R == Round::zero) return __fma_rz(x, y, z);
      else if constexpr (R == Round::up) return __fma_ru(x, y, z);
      else return __fma_rd(x, y, z);
    } else {
      return rounded_to<V>(value(x) * value(y) + value(z));  // the product is exact in double
    }
  }, a, b, c);
}
template <unsigned Mode, bool Least, class T>
CUPORT_FN T extreme(T a, T b) {
  static_assert(!is_shadow_value<T> || (Mode & (magnitudes | xor_sign)) == 0, "no shadow: extremes of magnitudes in PTX");
  if constexpr (is_shadow_value<T> && Least) return fmin(a, b);
  else if constexpr (is_shadow_value<T>) return fmax(a, b);
  else return each<Mode>([](auto x, auto y) {
    using V = decltype(x);
    double p = value(x), q = value(y);
    if ((Mode & nan) != 0 && (p != p || q != q)) return rounded_to<V>(static_cast<double>(NAN));
    const bool odd = signbit(p) != signbit(q);
    if ((Mode & magnitudes) != 0) p = fabs(p), q = fabs(q);
    double r = p != p ? q : q != q ? p : (p < q || (p == q && signbit(p))) == Least ? p : q;
    if ((Mode & xor_sign) != 0) r = copysign(r, odd ? -1.0 : 1.0);
    return rounded_to<V>(r);
  }, a, b);
}
template <unsigned Mode, class T> CUPORT_FN T min(T a, T b) { return extreme<Mode, true>(a, b); }
template <unsigned Mode, class T> CUPORT_FN T max(T a, T b) { return extreme<Mode, false>(a, b); }

template <class T>
using bits_t = std::conditional_t<sizeof(T) == 8, uint64_t, std::conditional_t<sizeof(T) == 4, uint32_t, uint16_t>>;
template <class T>
inline constexpr bits_t<T> sign_bit = static_cast<bits_t<T>>(bits_t<T>(1) << (sizeof(T) * 8 - 1));
template <unsigned Mode, class T>
CUPORT_FN T abs(T a) {
  if constexpr (is_shadow_value<T>) return fabs(a);
  else return each<Mode>([](auto x) { using V = decltype(x); return get<V>(static_cast<bits_t<V>>(get<bits_t<V>>(x) & ~sign_bit<V>)); }, a);
}
template <unsigned Mode, class T>
CUPORT_FN T neg(T a) {
  if constexpr (is_shadow_value<T>) return -a;
  else return each<Mode>([](auto x) { using V = decltype(x); return get<V>(static_cast<bits_t<V>>(get<bits_t<V>>(x) ^ sign_bit<V>)); }, a);
}
template <class T>
CUPORT_FN T copy_sign(T from, T to) {  // PTX: the sign of a onto b
  return get<T>(static_cast<bits_t<T>>((get<bits_t<T>>(to) & ~sign_bit<T>) | (get<bits_t<T>>(from) & sign_bit<T>)));
}

#define CUPORT_PTX_UNARY(name, single, wide, shadow)                                               \
  template <unsigned Mode, Round R, class T>                                                       \
  CUPORT_FN T name(T a) {                                                                          \
    if constexpr (is_shadow_value<T>) return shadowed<Mode, R>(T(shadow));                         \
    else return each<Mode>([](auto x) {                                                                 \
      using V = decltype(x);                                                                       \
      if constexpr (std::is_same_v<V, float> && R != Round::nearest) return rounded<R>(x, x, [](V v, V) CUPORT_NOINLINE { return static_cast<V>(single); }); \
      else if constexpr (std::is_same_v<V, float>) { const float v = x; return static_cast<V>(single); } \
      else if constexpr (std::is_same_v<V, double> && R != Round::nearest) return rounded<R>(x, x, [](V v, V) CUPORT_NOINLINE { return static_cast<V>(wide); }); \
      else { const double v = value(x); return rounded_to<V>(wide); }                              \
    }, a);                                                                                         \
  }
CUPORT_PTX_UNARY(rcp, 1.0f / v, 1.0 / v, T(1) / a)
CUPORT_PTX_UNARY(sqrt, sqrtf(v), ::sqrt(v), sqrt(a))
CUPORT_PTX_UNARY(rsqrt, rsqrtf(v), 1.0 / ::sqrt(v), rsqrt(a))
CUPORT_PTX_UNARY(ex2, exp2f(v), ::exp2(v), fast_exp2f(a))
CUPORT_PTX_UNARY(lg2, log2f(v), ::log2(v), fast_log2f(a))
CUPORT_PTX_UNARY(sin, sinf(v), ::sin(v), fast_sinf(a))
CUPORT_PTX_UNARY(cos, cosf(v), ::cos(v), fast_cosf(a))
CUPORT_PTX_UNARY(tanh, tanhf(v), ::tanh(v), fast_tanhf(a))
#undef CUPORT_PTX_UNARY
template <unsigned Mode, class T>
CUPORT_FN std::enable_if_t<is_shadow_value<T>, T> div_approx(T a, T b) { return fast_divide(a, b); }
template <unsigned Mode>
CUPORT_FN float div_approx(float a, float b) { return each<Mode>([](float x, float y) { return fast_divide(x, y); }, a, b); }

// testp
template <class T> CUPORT_FN bool is_finite(T x) { return isfinite(x); }
template <class T> CUPORT_FN bool is_infinite(T x) { return isinf(x); }
template <class T> CUPORT_FN bool is_number(T x) { return !isnan(x); }
template <class T> CUPORT_FN bool is_notanumber(T x) { return isnan(x); }
template <class T> CUPORT_FN bool is_normal(T x) { return isnormal(x); }
template <class T> CUPORT_FN bool is_subnormal(T x) { return fpclassify(x) == FP_SUBNORMAL; }

// Comparisons; those ending in u are true if an operand is NaN.
#define CUPORT_PTX_COMPARE(name, op)                                                         \
  template <class T> CUPORT_FN std::enable_if_t<is_shadow_value<T>, bool> f##name(T a, T b) { return a op b && a == a && b == b; }  \
  template <class T> CUPORT_FN std::enable_if_t<!is_shadow_value<T>, bool> f##name(T a, T b) { return value(a) op value(b) && !is_nan(a) && !is_nan(b); }  \
  template <class T> CUPORT_FN bool f##name##u(T a, T b) { return value(a) op value(b) || is_nan(a) || is_nan(b); }
CUPORT_PTX_COMPARE(eq, ==)
CUPORT_PTX_COMPARE(ne, !=)
CUPORT_PTX_COMPARE(lt, <)
CUPORT_PTX_COMPARE(le, <=)
CUPORT_PTX_COMPARE(gt, >)
CUPORT_PTX_COMPARE(ge, >=)
#undef CUPORT_PTX_COMPARE
template <class T> CUPORT_FN bool fnum(T a, T b) { return !is_nan(a) && !is_nan(b); }
template <class T> CUPORT_FN bool fnan(T a, T b) { return is_nan(a) || is_nan(b); }

}  // namespace ptx
}  // namespace cuport
