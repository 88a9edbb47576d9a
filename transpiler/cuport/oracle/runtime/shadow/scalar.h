// The shadow scalar: a number that knows how far a correct port may be from it.
//
// It takes the place of `float` (ShadowT<24>), `double` (53), `__half` (11) and `__nv_bfloat16` (8) in device code. The
// parameter is the precision in bits; u = 2^-P is half an ulp relative to the value. A scalar carries
//   v   the value, in a wider type, never rounded to P bits
//   L   local error: a first-order running error bound, absolute
//   M   magnitude of the additive chain: the sum of |terms|, so that any association of the terms fits
//   n   number of terms in that chain
//   id  identity: copies keep it, each operation makes a new one; x - x is exactly 0
// and flags. Its error is  e = L + u max(sqrt(n-1) M, n|v|/8)  for n > 1, else L: probabilistic for the random part of a
// sum, linear for the one-signed part (N. Higham, T. Mary, A new approach to probabilistic rounding error analysis, 2019;
// running error analysis after J. Wilkinson). Where the operations themselves are asked about, as in a comparison, two
// statements about rounding make it exact:
//   - a sum of two exact terms has one association only, so its error is u|v|;
//   - if every term is a multiple of 2^g and M <= 2^(g+P), every partial sum in any order is representable: error 0.
// Not so where the value is used further: exp(x - m) may be written as exp2(c x - c m), and then M is what counts.
//
// Trivial default constructor and trivial copies on purpose: scalars live in shared memory, unions and shuffles.
// Every member is at least 8 bytes wide, so that a narrower access in the instrumented code is known to be an integer.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <math.h>
#include <type_traits>
#include "taint.h"

namespace cuport {

// `max`: from here on a rounded value overflows. Below `tiny` a target may flush, or round to its smallest numbers: `flush`
// is added to the error, inside the propagation.
template <int P>
struct Format;
template <>
struct Format<24> {
  using Wide = double;
  using Plain = float;
  static constexpr double u = 0x1p-24, tiny = 0x1p-120, flush = 0x1p-126, max = 0x1.ffffffp127;
};
template <>
struct Format<53> {  // 64 bits of significand on x86-64, 113 on AArch64 Linux
  using Wide = long double;
  using Plain = double;
  static constexpr double u = 0x1p-53, tiny = 0x1p-1016, flush = 0x1p-1022, max = 0x1.fffffffffffffp1023;
};
template <>
struct Format<11> {
  using Wide = double;
  static constexpr double u = 0x1p-11, tiny = 0x1p-14, flush = 0x1p-25, max = 65520.0;
};
template <>
struct Format<8> {
  using Wide = double;
  static constexpr double u = 0x1p-8, tiny = 0x1p-120, flush = 0x1p-126, max = 0x1.ffp127;
};

inline constexpr double infinity = __builtin_inf();

template <class T>
constexpr T magnitude(T x) {
  return x < 0 ? -x : x;
}

// Whether `x` has at most P significant bits (exponents aside). Splitting after T. Dekker, 1971.
template <int P>
constexpr bool fits(double x) {
  if constexpr (P >= 53) return true;
  if (!(magnitude(x) < 0x1p900)) return true;  // not the question here: infinities and NaN are exact
  double c = x * (static_cast<double>(1ull << (53 - P)) + 1.0);
  return c - (c - x) == x;
}

// A new identity, with the mark of the thread in its lowest bit: the one thing every operation asks of the world outside.
// Out of the instrumentation's sight, since it would report each access to these variables.
inline uint64_t next_identity = 0;
CUPORT_UNSEEN inline uint64_t stamp() { return next_identity += 2, next_identity | (taint::tainted() ? 1 : 0); }

namespace flag {
enum : uint32_t { touched = 1, tainted = 2, exact = 4 };
}

template <int P>
struct ShadowT {
  using F = Format<P>;
  using Wide = typename F::Wide;

  Wide v;
  double L, M;
  uint64_t id;
  uint64_t meta;  // n in the upper 32 bits, then g (16 bits, two's complement), then flags

  ShadowT() = default;

  template <class A, std::enable_if_t<std::is_arithmetic_v<A>, int> = 0>
  constexpr ShadowT(A a) : v(static_cast<Wide>(a)), L(0), M(magnitude(static_cast<double>(a))), id(0), meta(1ull << 32) {
    constexpr int digits = std::is_same_v<A, bool> ? 1 : sizeof(A) * 8;
    if constexpr (std::is_floating_point_v<A> ? sizeof(A) > 4 || P < 24 : digits > P) {
      if (std::is_floating_point_v<A> ? !fits<P>(static_cast<double>(a)) : magnitude(v) > 1 / F::u) L = F::u * M;
    }
    if (M > F::max && M < infinity) *this = settle(v, L, M, 1, flags());  // a literal that overflows
  }

  // Between precisions. Widening is exact; narrowing rounds, and drops the chain, which had the other unit.
  template <int Q, std::enable_if_t<Q != P, int> = 0>
  constexpr ShadowT(const ShadowT<Q>& a) : v(), L(), M(), id(), meta() {
    bool exact = fits<P>(static_cast<double>(a.v)) && static_cast<Wide>(static_cast<double>(a.v)) == a.v;
    double e = a.error(), size = magnitude(static_cast<double>(a.v));
    if (P > Q || (e == 0 && exact)) {
      *this = settle(static_cast<Wide>(a.v), e, size, 1, a.flags() & (flag::tainted | flag::touched));
      id = a.id;
    } else {
      *this = settle(static_cast<Wide>(a.v), e + F::u * size, size, 1, (a.flags() & flag::tainted) | flag::touched);
    }
  }

  static constexpr ShadowT input(double value, uint64_t identity) {
    ShadowT s(0);
    s.v = value;
    s.M = magnitude(value);
    s.id = identity;
    return s;
  }

  constexpr uint32_t n() const { return static_cast<uint32_t>(meta >> 32); }
  constexpr int g() const { return static_cast<int16_t>(meta >> 16); }
  constexpr uint32_t flags() const { return static_cast<uint32_t>(meta & 0xffff); }
  constexpr bool has(uint32_t f) const { return (meta & f) != 0; }
  constexpr void raise(uint32_t f) { meta |= f; }
  static constexpr uint64_t pack(uint64_t n, int g, uint32_t f) {
    return n << 32 | static_cast<uint64_t>(static_cast<uint16_t>(g)) << 16 | f;
  }
  constexpr bool is_zero() const { return M == 0 && L == 0; }

  constexpr double error() const {
    uint32_t count = n();
    if (count == 1) return L;
    double size = static_cast<double>(magnitude(v)), random = __builtin_sqrt(count - 1.0) * M, linear = count * size / 8;
    return L + F::u * (random > linear ? random : linear);
  }

  // Of the operations as they stand, whatever their order: what a decision is taken by.
  constexpr double own_error() const {
    if (has(flag::exact)) return L;
    if (n() == 2 && L == 0) return F::u * static_cast<double>(magnitude(v));
    return error();
  }

  // Absolute error that a correct port may have in a result of this type (for 11 and 8 bits: before the last rounding,
  // which the judge applies to both ends of the interval).
  constexpr double bound() const {
    if (!has(flag::touched)) return 0;
    double size = static_cast<double>(magnitude(v)), e = has(flag::exact) ? L : error();
    if (!(size <= F::max)) return e == 0 ? 0 : infinity;
    if constexpr (P < 24) {
      const double last = F::u * size;
      return 2 * (e > last ? e - last : 0) + 0x1p-23 * size + 0x1p-126;
    }
    return 2 * e + (P == 53 ? 3 : 2) * F::u * size + F::flush;  // 53: the value itself is handed over as a double
  }

  // The result of an operation: everything unusual (overflow, NaN, flushing) is settled here.
  static constexpr ShadowT settle(Wide v, double L, double M, uint64_t n, uint32_t f, int g = 0) {
    ShadowT r{};
    if (__builtin_expect(!(M <= F::max) || !(L <= F::max), 0)) {
      unusual(v, L, M, n);
      n = 1;
      f &= ~static_cast<uint32_t>(flag::exact);
    } else if (__builtin_expect(magnitude(v) < F::tiny, 0) && v != 0) {
      L += F::flush;
    }
    if (!__builtin_is_constant_evaluated()) {
      r.id = stamp();
      if (r.id & 1) f |= flag::tainted;
      r.id >>= 1;
    }
    r.v = v;
    r.L = L;
    r.M = M;
    r.meta = pack(n > 0x7fffffff ? 0x7fffffff : n, g, f);
    return r;
  }

  // A leaf: one term, whose error is all local.
  static constexpr ShadowT leaf(Wide v, double L, uint32_t f) {
    return settle(v, L, static_cast<double>(magnitude(v)), 1, f | flag::touched);
  }

  // The same value under its own error, outside any chain; keeps the identity.
  constexpr ShadowT alone() const {
    if (n() == 1) return *this;
    ShadowT r = *this;
    r.L = own_error();
    r.M = static_cast<double>(magnitude(v));
    r.meta = pack(1, 0, flags() & ~static_cast<uint32_t>(flag::exact));
    return r;
  }

  template <class I, std::enable_if_t<std::is_integral_v<I>, int> = 0>
  constexpr operator I() const {
    return to_integer<I>();
  }
  constexpr explicit operator float() const { return static_cast<float>(v); }
  constexpr explicit operator double() const { return static_cast<double>(v); }

  constexpr ShadowT operator+() const { return *this; }
  constexpr ShadowT operator-() const {
    ShadowT r = *this;
    r.v = -v;
    r.id = ~id;
    if (!id) r.id = 0;
    r.raise(flag::touched | here());
    return r;
  }
  constexpr bool operator!() const { return !to_integer<bool>(); }

  template <class B> constexpr ShadowT& operator+=(const B& b) { return *this = ShadowT(*this + b); }
  template <class B> constexpr ShadowT& operator-=(const B& b) { return *this = ShadowT(*this - b); }
  template <class B> constexpr ShadowT& operator*=(const B& b) { return *this = ShadowT(*this * b); }
  template <class B> constexpr ShadowT& operator/=(const B& b) { return *this = ShadowT(*this / b); }
  constexpr ShadowT& operator++() { return *this += 1; }
  constexpr ShadowT& operator--() { return *this -= 1; }
  constexpr ShadowT operator++(int) { ShadowT old = *this; ++*this; return old; }
  constexpr ShadowT operator--(int) { ShadowT old = *this; --*this; return old; }

  static constexpr uint32_t here() {
    return !__builtin_is_constant_evaluated() && (stamp() & 1) ? static_cast<uint32_t>(flag::tainted) : 0u;
  }

 private:
  template <class I>
  constexpr I to_integer() const {
    if constexpr (std::is_same_v<I, bool>) {
      doubtful(magnitude(v), 2 * own_error(), taint::branch);
      return v != 0;
    } else if constexpr (sizeof(I) < 4) {
      return static_cast<I>(to_integer<std::conditional_t<std::is_signed_v<I>, int, unsigned>>());
    } else {
      if (v != v) return P == 53 || sizeof(I) == 8 ? static_cast<I>(1ull << (sizeof(I) * 8 - 1)) : I(0);  // as on the device
      double e = 2 * own_error();
      if (e > 0 || has(flag::tainted)) {  // truncation jumps at every integer but 0
        Wide size = magnitude(v), below = floor_of(size);
        Wide down = below < 1 ? 1 - size : size - below, up = below + 1 - size;
        doubtful(down < up ? down : up, e, taint::index);
      }
      constexpr Wide low = static_cast<Wide>(smallest<I>()), high = static_cast<Wide>(largest<I>());
      return v <= low ? smallest<I>() : v >= high ? largest<I>() : static_cast<I>(v);
    }
  }
  template <class I> static constexpr I largest() {
    return std::is_signed_v<I> ? static_cast<I>((1ull << (sizeof(I) * 8 - 1)) - 1) : static_cast<I>(~0ull);
  }
  template <class I> static constexpr I smallest() {
    return std::is_signed_v<I> ? static_cast<I>(-largest<I>() - 1) : static_cast<I>(0);
  }
  static constexpr Wide floor_of(Wide size) {  // of a magnitude
    if (size >= 0x1p62) return size;
    return static_cast<Wide>(static_cast<int64_t>(size));
  }
  constexpr void doubtful(Wide distance, double e, uint8_t reason) const {
    if (__builtin_is_constant_evaluated()) return;
    if (has(flag::tainted) || (e > 0 && !(distance > e))) taint::thread(reason);
  }

  static constexpr void unusual(Wide& v, double& L, double& M, uint64_t n) {
    double e = L + F::u * static_cast<double>(n) * M;  // any association
    bool doubt = L == infinity;
    if (v != v) {
      L = doubt ? infinity : 0;
      M = infinity;  // so that whatever it meets is settled here again
    } else if (magnitude(v) == infinity) {
      L = doubt ? infinity : 0;
      M = infinity;
    } else if (magnitude(v) > F::max && n == 1 && (magnitude(v) - 2 * e > F::max || L != L) && !doubt) {
      v = v > 0 ? static_cast<Wide>(infinity) : -static_cast<Wide>(infinity);
      L = 0;
      M = infinity;
    } else {
      L = infinity;  // another association, or another rounding, may not overflow, or this one may
      if (magnitude(v) > F::max) v = v > 0 ? static_cast<Wide>(infinity) : -static_cast<Wide>(infinity);
      M = static_cast<double>(magnitude(v));
    }
  }
};

using Shadow = ShadowT<24>;
using ShadowDouble = ShadowT<53>;

template <class T> struct is_shadow : std::false_type {};
template <int P> struct is_shadow<ShadowT<P>> : std::true_type {};
template <class T> inline constexpr bool is_shadow_v = is_shadow<T>::value;

// An integer literal as one arm of `c ? x : 0`: it becomes what the other arm is. Both a shadow scalar and an int convert
// to each other, so the plain literal would be ambiguous. The rewriter writes `::cuport::Literal{0}` in such arms.
struct Literal {
  long long value;
  template <class A, std::enable_if_t<std::is_arithmetic_v<A>, int> = 0>
  constexpr operator A() const { return static_cast<A>(value); }
  template <int P>
  constexpr operator ShadowT<P>() const { return ShadowT<P>(value); }
  template <class T>
  constexpr operator T*() const { return nullptr; }  // `c ? p : 0`
};
// `-1` beside an unsigned char is -1 in C++, and would be 255 here; that does not compile.
struct Negative {
  long long value;
  template <class A, std::enable_if_t<std::is_arithmetic_v<A> && (std::is_signed_v<A> || sizeof(A) >= 4), int> = 0>
  constexpr operator A() const { return static_cast<A>(value); }
  template <int P>
  constexpr operator ShadowT<P>() const { return ShadowT<P>(value); }
};

}  // namespace cuport

#include "arithmetic.h"
