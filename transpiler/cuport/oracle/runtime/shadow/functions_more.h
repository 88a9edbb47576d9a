// The rest of CUDA's mathematical functions for shadow scalars: several results, integers, three arguments. Included by
// functions.h.
#pragma once

namespace cuport {

template <class A, class B, class C>
inline constexpr int common3 = common<A, B> > precision<C>::value ? common<A, B> : precision<C>::value;
template <class A, class B, class C, std::enable_if_t<common3<A, B, C> != 0, int> = 0>
auto fma(const A& a, const B& b, const C& c) {
  using S = ShadowT<common3<A, B, C>>;
  return S(a) * S(b) + S(c);
}
template <class A, class B, class C, std::enable_if_t<common3<A, B, C> != 0, int> = 0>
Shadow fmaf(const A& a, const B& b, const C& c) {
  return Shadow(a) * Shadow(b) + Shadow(c);
}

template <int P, int Q, int R>
void sincos(const ShadowT<P>& a, ShadowT<Q>* s, ShadowT<R>* c) { *s = sin(a); *c = cos(a); }
template <int P, int Q, int R>
void sincosf(const ShadowT<P>& a, ShadowT<Q>* s, ShadowT<R>* c) { *s = sinf(a); *c = cosf(a); }
template <int P, int Q, int R>
void sincospi(const ShadowT<P>& a, ShadowT<Q>* s, ShadowT<R>* c) { *s = sinpi(a); *c = cospi(a); }
template <int P, int Q, int R>
void sincospif(const ShadowT<P>& a, ShadowT<Q>* s, ShadowT<R>* c) { *s = sinpif(a); *c = cospif(a); }

// ---- to integers: rounding by `step`, in doubt where an edge lies within twice the error ----
template <class I, int P, class Step>
I to_integer(const ShadowT<P>& a, Step step) {
  using V = typename ShadowT<P>::Wide;
  if (a.v != a.v) return sizeof(I) == 8 ? static_cast<I>(1ull << 63) : 0;
  V y = step(a.v), e = static_cast<V>(2 * a.error());
  if (a.has(flag::tainted) || (e > 0 && !(step(a.v - e) == step(a.v + e)))) taint::thread(taint::index);
  ShadowT<P> whole = ShadowT<P>::input(0, 0);
  whole.v = y;
  return static_cast<I>(whole);
}
#define CUPORT_SHADOW_INTEGER(name, I, Q, step)                                 \
  template <int P>                                                              \
  I name(const ShadowT<P>& a) {                                                 \
    return to_integer<I>(ShadowT<Q>(a), [](auto x) { return std::step(x); });   \
  }
#define CUPORT_SHADOW_INTEGERS(name, I, step) \
  CUPORT_SHADOW_INTEGER(name, I, (P < 24 ? 24 : P), step) CUPORT_SHADOW_INTEGER(name##f, I, 24, step)
CUPORT_SHADOW_INTEGERS(lrint, long, rint)
CUPORT_SHADOW_INTEGERS(llrint, long long, rint)
CUPORT_SHADOW_INTEGERS(lround, long, round)
CUPORT_SHADOW_INTEGERS(llround, long long, round)
CUPORT_SHADOW_INTEGERS(ilogb, int, logb)
#define CUPORT_SHADOW_ROUNDINGS(name, I, Q)          \
  CUPORT_SHADOW_INTEGER(name##_rn, I, Q, rint)       \
  CUPORT_SHADOW_INTEGER(name##_rz, I, Q, trunc)      \
  CUPORT_SHADOW_INTEGER(name##_ru, I, Q, ceil)       \
  CUPORT_SHADOW_INTEGER(name##_rd, I, Q, floor)
CUPORT_SHADOW_ROUNDINGS(__float2int, int, 24)
CUPORT_SHADOW_ROUNDINGS(__float2uint, unsigned, 24)
CUPORT_SHADOW_ROUNDINGS(__float2ll, long long, 24)
CUPORT_SHADOW_ROUNDINGS(__float2ull, unsigned long long, 24)
CUPORT_SHADOW_ROUNDINGS(__double2int, int, 53)
CUPORT_SHADOW_ROUNDINGS(__double2uint, unsigned, 53)
CUPORT_SHADOW_ROUNDINGS(__double2ll, long long, 53)
CUPORT_SHADOW_ROUNDINGS(__double2ull, unsigned long long, 53)
#undef CUPORT_SHADOW_ROUNDINGS
#undef CUPORT_SHADOW_INTEGERS
#undef CUPORT_SHADOW_INTEGER

// The bits of an exact number are the same for every port; of any other they are in doubt.
template <class I, class Plain, int P>
I bits_of(const ShadowT<P>& a) {
  if (a.own_error() > 0 || a.has(flag::tainted)) taint::thread(taint::index), taint::bits = true;
  Plain x = static_cast<Plain>(a.v);
  I bits = 0;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}
template <int P> int __float_as_int(const ShadowT<P>& a) { return bits_of<int, float>(ShadowT<24>(a)); }
template <int P> unsigned __float_as_uint(const ShadowT<P>& a) { return bits_of<unsigned, float>(ShadowT<24>(a)); }
template <int P> long long __double_as_longlong(const ShadowT<P>& a) { return bits_of<long long, double>(ShadowT<53>(a)); }
template <int P> int __double2hiint(const ShadowT<P>& a) { return static_cast<int>(__double_as_longlong(a) >> 32); }
template <int P> int __double2loint(const ShadowT<P>& a) { return static_cast<int>(__double_as_longlong(a)); }

// ---- classification: certain unless the error has no bound ----
template <int P> bool isnan(const ShadowT<P>& a) { return a.L == infinity || a.has(flag::tainted) ? taint::thread(taint::branch) : void(), a.v != a.v; }
template <int P> bool isinf(const ShadowT<P>& a) { isnan(a); return magnitude(a.v) == infinity; }
template <int P> bool isfinite(const ShadowT<P>& a) { isnan(a); return magnitude(a.v) < infinity; }
template <int P> bool signbit(const ShadowT<P>& a) { weigh(a, ShadowT<P>(0)); return __builtin_signbit(static_cast<double>(a.v)); }

// ---- parts ----
template <int P>
ShadowT<P> ldexp(const ShadowT<P>& a, int k) {
  return k > -1000 && k < 1000 ? scaled(a, static_cast<typename ShadowT<P>::Wide>(two_to(k)), k, (a.flags() & flag::tainted) | flag::touched)
                               : ShadowT<P>::leaf(std::ldexp(a.v, k), std::ldexp(a.error(), k), a.flags() & flag::tainted);
}
template <int P> ShadowT<P> scalbn(const ShadowT<P>& a, int k) { return ldexp(a, k); }
template <int P> ShadowT<P> scalbln(const ShadowT<P>& a, long k) { return ldexp(a, static_cast<int>(k)); }
template <int P> Shadow ldexpf(const ShadowT<P>& a, int k) { return ldexp(Shadow(a), k); }
template <int P> Shadow scalbnf(const ShadowT<P>& a, int k) { return ldexp(Shadow(a), k); }
template <int P> Shadow scalblnf(const ShadowT<P>& a, long k) { return ldexp(Shadow(a), static_cast<int>(k)); }
template <int P>
ShadowT<P> frexp(const ShadowT<P>& a, int* exponent) {
  if (a.v == 0 || !(magnitude(a.v) < infinity)) {
    isnan(a);
    *exponent = 0;
    return a;
  }
  *exponent = to_integer<int>(a, [](auto x) { return std::logb(x); }) + 1;
  return ldexp(a, -*exponent);
}
template <int P> Shadow frexpf(const ShadowT<P>& a, int* exponent) { return frexp(Shadow(a), exponent); }
template <int P, int Q>
ShadowT<P> modf(const ShadowT<P>& a, ShadowT<Q>* whole) {
  ShadowT<P> w = trunc(a);
  *whole = w;
  return a - w;
}
template <int P, int Q> Shadow modff(const ShadowT<P>& a, ShadowT<Q>* whole) { return modf(Shadow(a), whole); }
template <int P>
ShadowT<P> remquo(const ShadowT<P>& a, const ShadowT<P>& b, int* q) {
  *q = to_integer<int>(fmod(quotient(a, b, 0), ShadowT<P>(8)), [](auto x) { return std::rint(x); });
  return modulo(a, b, true);
}
template <int P> Shadow remquof(const ShadowT<P>& a, const ShadowT<P>& b, int* q) { return remquo(Shadow(a), Shadow(b), q); }

// ---- orders and norms ----
#define CUPORT_SHADOW_ORDER(name)                                                                                      \
  template <int P>                                                                                                     \
  ShadowT<P> name(int n, const ShadowT<P>& a) {                                                                        \
    return unary(a, 18, [n](auto x) { return static_cast<decltype(x)>(::name(n, static_cast<double>(x))); }, 37 * Format<P>::u); \
  }                                                                                                                    \
  template <int P> Shadow name##f(int n, const ShadowT<P>& a) { return name(n, Shadow(a)); }
CUPORT_SHADOW_ORDER(jn)
CUPORT_SHADOW_ORDER(yn)
#undef CUPORT_SHADOW_ORDER
template <int P> ShadowT<P> norm3d(const ShadowT<P>& a, const ShadowT<P>& b, const ShadowT<P>& c) { return sqrt(a * a + b * b + c * c); }
template <int P> ShadowT<P> norm4d(const ShadowT<P>& a, const ShadowT<P>& b, const ShadowT<P>& c, const ShadowT<P>& d) { return sqrt(a * a + b * b + c * c + d * d); }
template <int P> Shadow norm3df(const ShadowT<P>& a, const ShadowT<P>& b, const ShadowT<P>& c) { return norm3d(Shadow(a), Shadow(b), Shadow(c)); }
template <int P> Shadow norm4df(const ShadowT<P>& a, const ShadowT<P>& b, const ShadowT<P>& c, const ShadowT<P>& d) { return norm4d(Shadow(a), Shadow(b), Shadow(c), Shadow(d)); }
template <int P> ShadowT<P> rnorm3d(const ShadowT<P>& a, const ShadowT<P>& b, const ShadowT<P>& c) { return rsqrt(a * a + b * b + c * c); }
template <int P> ShadowT<P> rnorm4d(const ShadowT<P>& a, const ShadowT<P>& b, const ShadowT<P>& c, const ShadowT<P>& d) { return rsqrt(a * a + b * b + c * c + d * d); }
template <int P> Shadow rnorm3df(const ShadowT<P>& a, const ShadowT<P>& b, const ShadowT<P>& c) { return rnorm3d(Shadow(a), Shadow(b), Shadow(c)); }
template <int P> Shadow rnorm4df(const ShadowT<P>& a, const ShadowT<P>& b, const ShadowT<P>& c, const ShadowT<P>& d) { return rnorm4d(Shadow(a), Shadow(b), Shadow(c), Shadow(d)); }
template <int P>
ShadowT<P> squares(int n, const ShadowT<P>* p) {
  ShadowT<P> s = 0;
  for (int i = 0; i < n; i++) s += p[i] * p[i];
  return s;
}
template <int P> ShadowT<P> norm(int n, const ShadowT<P>* p) { return sqrt(squares(n, p)); }
template <int P> ShadowT<P> rnorm(int n, const ShadowT<P>* p) { return rsqrt(squares(n, p)); }
template <int P> Shadow normf(int n, const ShadowT<P>* p) { return norm(n, p); }
template <int P> Shadow rnormf(int n, const ShadowT<P>* p) { return rnorm(n, p); }

}  // namespace cuport
