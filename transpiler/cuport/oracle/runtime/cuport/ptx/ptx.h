// Registers and integer instructions of PTX, for inline assembly (cuda/rewrite/ptx/assembly.py writes the calls).
//
// A register holds bits; the instruction says as what they are read. So every operand goes through get<T>() and every
// result through put(), and the functions between see values of the instruction's own type.
#pragma once
#include <type_traits>
#include "../numbers/convert.h"
#include "../numbers/vectors.h"

namespace cuport {
template <int P>
struct ShadowT;
namespace ptx {

using b8 = uint8_t;
using u8 = uint8_t;
using s8 = int8_t;
using b16 = uint16_t;
using u16 = uint16_t;
using s16 = int16_t;
using b32 = uint32_t;
using u32 = uint32_t;
using s32 = int32_t;
using b64 = uint64_t;
using u64 = uint64_t;
using s64 = int64_t;
using b128 = unsigned __int128;
using f32 = float;
using f64 = double;
using pred = bool;
struct f16 { uint16_t bits; };
struct bf16 { uint16_t bits; };
struct f16x2 { uint32_t bits; };
struct bf16x2 { uint32_t bits; };
struct tf32 { uint32_t bits; };
struct e4m3x2 { uint16_t bits; };
struct e5m2x2 { uint16_t bits; };

template <class T>
struct is_shadow_scalar : std::false_type {};
template <int P>
struct is_shadow_scalar<ShadowT<P>> : std::true_type {};
template <class T>
inline constexpr bool is_shadow_value = is_shadow_scalar<T>::value;

// What a register of a type holds; in a shadow build floating-point ones hold shadow scalars.
template <class T>
struct in_register { using type = T; };
#ifdef CUPORT_SHADOW
template <> struct in_register<f32> { using type = ShadowT<24>; };
template <> struct in_register<f64> { using type = ShadowT<53>; };
#endif
template <class T>
using register_of = typename in_register<T>::type;

// Of the bits of a register that is wider than the type, the low ones count; of one that is narrower, its value.
template <class T, class V>
CUPORT_FN register_of<T> get(const V& held) {
  using R = std::remove_cv_t<V>;
  static_assert(!is_shadow_value<R> || std::is_same_v<register_of<T>, R>, "no shadow: inline PTX sees the bits of floating-point numbers");
  const R v = held;
  if constexpr (std::is_same_v<register_of<T>, R>) {
    return v;
  } else if constexpr (is_shadow_value<register_of<T>>) {
    static_assert(!is_shadow_value<register_of<T>>, "no shadow: inline PTX makes floating-point numbers of bits");
  } else if constexpr (std::is_pointer_v<R>) {
    return get<T>(reinterpret_cast<uint64_t>(v));
  } else if constexpr (std::is_enum_v<R>) {
    return get<T>(static_cast<std::underlying_type_t<R>>(v));
  } else if constexpr (std::is_same_v<T, bool>) {
    return static_cast<bool>(v);
  } else if constexpr (sizeof(T) == sizeof(R)) {
    T to;
    memcpy(static_cast<void*>(&to), static_cast<const void*>(&v), sizeof to);
    return to;
  } else if constexpr (std::is_integral_v<R> && std::is_integral_v<T>) {
    return static_cast<T>(v);
  } else {
    static_assert(sizeof(R) > sizeof(T), "an operand of inline PTX is smaller than its instruction wants");
    T to;
    memcpy(static_cast<void*>(&to), static_cast<const void*>(&v), sizeof to);
    return to;
  }
}
// A narrower value is extended by its sign if it has one.
template <class V, class T>
CUPORT_FN void put(V& to, const T& value) {
  using R = std::remove_cv_t<V>;
  static_assert(is_shadow_value<R> == is_shadow_value<T>, "no shadow: inline PTX sees the bits of floating-point numbers");
  if constexpr (std::is_same_v<T, R>) {
    to = value;
  } else if constexpr (std::is_same_v<R, bool>) {
    to = static_cast<bool>(value);
  } else if constexpr (sizeof(R) == sizeof(T)) {
    R held;
    memcpy(static_cast<void*>(&held), static_cast<const void*>(&value), sizeof held);
    to = held;
  } else if constexpr (std::is_integral_v<T>) {
    static_assert(std::is_integral_v<R> || sizeof(R) < sizeof(T) || sizeof(T) < 4, "a result of inline PTX does not fit its operand");
    if constexpr (std::is_integral_v<R>) to = static_cast<R>(value);
    else put(to, static_cast<std::conditional_t<sizeof(R) == 8, uint64_t, std::conditional_t<sizeof(R) == 4, uint32_t, uint16_t>>>(value));
  } else {
    put(to, get<std::conditional_t<sizeof(T) == 8, uint64_t, std::conditional_t<sizeof(T) == 4, uint32_t, uint16_t>>>(value));
  }
}
// A number written in the template; floating-point ones by their bits.
CUPORT_FN f32 float_of(unsigned bits) { return bit_cast<f32>(bits); }
CUPORT_FN f64 float_of(unsigned long long bits) { return bit_cast<f64>(bits); }
template <class T, class N>
CUPORT_FN constexpr register_of<T> number(N n) {
  if constexpr (std::is_arithmetic_v<T>) return static_cast<register_of<T>>(static_cast<T>(n));
  else return T{static_cast<decltype(T::bits)>(n)};
}

// mov between a register and the vector of its parts, lowest first.
template <class T, class... P>
CUPORT_FN T pack(P... parts) {
  static_assert((sizeof(P) + ...) == sizeof(T), "the parts of a packed register fill it");
  T to;
  char* at = reinterpret_cast<char*>(&to);
  ((memcpy(at, &parts, sizeof parts), at += sizeof parts), ...);
  return to;
}
template <class P, class T>
CUPORT_FN P part(T from, int i) {
  P to;
  memcpy(&to, reinterpret_cast<const char*>(&from) + static_cast<size_t>(i) * sizeof to, sizeof to);
  return to;
}

template <class T>
inline constexpr bool is_signed = static_cast<T>(-1) < static_cast<T>(0);
template <class T>
inline constexpr int bits_of = static_cast<int>(sizeof(T)) * 8;
template <class T>
using unsigned_t = std::make_unsigned_t<T>;
template <size_t N> struct doubled;
template <> struct doubled<1> { using s = int16_t; using u = uint16_t; };
template <> struct doubled<2> { using s = int32_t; using u = uint32_t; };
template <> struct doubled<4> { using s = int64_t; using u = uint64_t; };
template <> struct doubled<8> { using s = __int128; using u = unsigned __int128; };
template <class T>
using wide_t = std::conditional_t<is_signed<T>, typename doubled<sizeof(T)>::s, typename doubled<sizeof(T)>::u>;

// The carry flag lives from one statement to the next: long additions are often written one statement a word.
inline __thread unsigned carry = 0;

template <class T> CUPORT_FN T add_int(T a, T b) { return static_cast<T>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b)); }
template <class T> CUPORT_FN T sub_int(T a, T b) { return static_cast<T>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b)); }
CUPORT_FN int32_t clamp32(int64_t v) { return v > INT32_MAX ? INT32_MAX : v < INT32_MIN ? INT32_MIN : static_cast<int32_t>(v); }
CUPORT_FN int32_t add_sat(int32_t a, int32_t b) { return clamp32(static_cast<int64_t>(a) + b); }
CUPORT_FN int32_t sub_sat(int32_t a, int32_t b) { return clamp32(static_cast<int64_t>(a) - b); }
// a + b + carry; the sum's carry goes to the flag where `Out`.
template <bool In, bool Out, class T>
CUPORT_FN T add_carry(T a, T b) {
  using U = unsigned_t<T>;
  const U in = In ? static_cast<U>(carry & 1u) : U(0);
  const U s = static_cast<U>(static_cast<U>(a) + static_cast<U>(b));
  const U r = static_cast<U>(s + in);
  if constexpr (Out) carry = (s < static_cast<U>(a)) | (r < s);
  return static_cast<T>(r);
}
template <bool In, bool Out, class T>
CUPORT_FN T sub_carry(T a, T b) {  // the flag is the borrow
  using U = unsigned_t<T>;
  const U in = In ? static_cast<U>(carry & 1u) : U(0);
  const U x = static_cast<U>(a), y = static_cast<U>(b), d = static_cast<U>(x - y);
  if constexpr (Out) carry = (x < y) | (d < in);
  return static_cast<T>(d - in);
}
template <class T> CUPORT_FN T mul_lo(T a, T b) { return static_cast<T>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b)); }
template <class T> CUPORT_FN T mul_hi(T a, T b) { return static_cast<T>(static_cast<wide_t<T>>(a) * static_cast<wide_t<T>>(b) >> bits_of<T>); }
template <class T> CUPORT_FN wide_t<T> mul_wide(T a, T b) { return static_cast<wide_t<T>>(static_cast<wide_t<T>>(a) * static_cast<wide_t<T>>(b)); }
template <class T> CUPORT_FN T mad_lo(T a, T b, T c) { return add_int(mul_lo(a, b), c); }
template <class T> CUPORT_FN T mad_hi(T a, T b, T c) { return add_int(mul_hi(a, b), c); }
CUPORT_FN int32_t mad_hi_sat(int32_t a, int32_t b, int32_t c) { return add_sat(mul_hi(a, b), c); }
template <class T> CUPORT_FN wide_t<T> mad_wide(T a, T b, wide_t<T> c) { return add_int(mul_wide(a, b), c); }
template <class T> CUPORT_FN T low24(T a) { return is_signed<T> ? static_cast<T>(static_cast<T>(static_cast<uint32_t>(a) << 8) >> 8) : static_cast<T>(a & 0xFFFFFF); }
template <class T> CUPORT_FN T mul24_lo(T a, T b) { return mul_lo(low24(a), low24(b)); }
template <class T> CUPORT_FN T mul24_hi(T a, T b) { return static_cast<T>(mul_wide(low24(a), low24(b)) >> 16); }
// Division by zero is unspecified, but does not end the program; hardware gives all ones.
template <class T> CUPORT_FN T div_int(T a, T b) {
  if (b == 0) return static_cast<T>(-1);
  if (is_signed<T> && b == static_cast<T>(-1)) return sub_int(T(0), a);
  return static_cast<T>(a / b);
}
template <class T> CUPORT_FN T rem_int(T a, T b) {
  if (b == 0) return a;
  if (is_signed<T> && b == static_cast<T>(-1)) return 0;
  return static_cast<T>(a % b);
}
template <class T> CUPORT_FN T abs_int(T a) { return a < 0 ? sub_int(T(0), a) : a; }
template <class T> CUPORT_FN T neg_int(T a) { return sub_int(T(0), a); }
template <class T> CUPORT_FN T min_int(T a, T b) { return a < b ? a : b; }
template <class T> CUPORT_FN T max_int(T a, T b) { return a < b ? b : a; }
template <class T> CUPORT_FN T sad(T a, T b, T c) {
  using U = unsigned_t<T>;
  return static_cast<T>(static_cast<U>(c) + static_cast<U>(a < b ? static_cast<U>(b) - static_cast<U>(a) : static_cast<U>(a) - static_cast<U>(b)));
}
template <class T> CUPORT_FN T bit_and(T a, T b) { return static_cast<T>(a & b); }
template <class T> CUPORT_FN T bit_or(T a, T b) { return static_cast<T>(a | b); }
template <class T> CUPORT_FN T bit_xor(T a, T b) { return static_cast<T>(a ^ b); }
template <class T> CUPORT_FN T bit_not(T a) { return std::is_same_v<T, bool> ? static_cast<T>(!a) : static_cast<T>(~a); }
template <class T> CUPORT_FN T logic_not(T a) { return a == 0; }
template <class T> CUPORT_FN T shl(T a, uint32_t n) { return n >= static_cast<uint32_t>(bits_of<T>) ? T(0) : static_cast<T>(static_cast<uint64_t>(a) << n); }
template <class T> CUPORT_FN T shr(T a, uint32_t n) {
  if (n >= static_cast<uint32_t>(bits_of<T>)) return a < 0 ? static_cast<T>(-1) : T(0);
  return static_cast<T>(a >> n);
}
template <bool Left, bool Clamp>
CUPORT_FN uint32_t shf(uint32_t a, uint32_t b, uint32_t c) {
  const unsigned n = Clamp ? (c < 32 ? c : 32u) : c & 31u;
  const uint64_t both = static_cast<uint64_t>(b) << 32 | a;
  return static_cast<uint32_t>(Left ? both << n >> 32 : both >> n);
}
CUPORT_FN uint32_t lop3(uint32_t a, uint32_t b, uint32_t c, unsigned table) {
  uint32_t r = 0;
  for (unsigned i = 0; i < 8; ++i) {
    if ((table >> i & 1u) != 0) r |= ((i & 4u) != 0 ? a : ~a) & ((i & 2u) != 0 ? b : ~b) & ((i & 1u) != 0 ? c : ~c);
  }
  return r;
}
enum class Permute { index, f4e, b4e, rc8, ecl, ecr, rc16 };
template <Permute M>
CUPORT_FN uint32_t prmt(uint32_t a, uint32_t b, uint32_t c) {
  constexpr uint16_t selectors[6][4] = {{0x3210, 0x4321, 0x5432, 0x6543}, {0x5670, 0x6701, 0x7012, 0x0123},
                                        {0x0000, 0x1111, 0x2222, 0x3333}, {0x3210, 0x3211, 0x3222, 0x3333},
                                        {0x0000, 0x1110, 0x2210, 0x3210}, {0x1010, 0x3232, 0x1010, 0x3232}};
  if constexpr (M == Permute::index) return __byte_perm(a, b, c);
  else return __byte_perm(a, b, selectors[static_cast<int>(M) - 1][c & 3u]);
}
template <class T>
CUPORT_FN T bfe(T a, uint32_t start, uint32_t length) {
  constexpr unsigned top = static_cast<unsigned>(bits_of<T>) - 1;
  const unsigned pos = start & 0xFFu, len = length & 0xFFu;
  unsigned at = pos + len - 1 < top ? pos + len - 1 : top;
  const bool sign = is_signed<T> && len != 0 && (a >> at & 1) != 0;
  if (len == 0) return 0;
  T r = 0;
  for (unsigned i = 0; i <= top; ++i) {
    const bool bit = i < len && pos + i <= top ? (a >> (pos + i) & 1) != 0 : sign;
    if (bit) r = static_cast<T>(r | static_cast<T>(static_cast<unsigned_t<T>>(1) << i));
  }
  return r;
}
template <class T>
CUPORT_FN T bfi(T a, T into, uint32_t start, uint32_t length) {
  const unsigned pos = start & 0xFFu, len = length & 0xFFu;
  if (pos >= static_cast<unsigned>(bits_of<T>) || len == 0) return into;
  const T ones = len >= static_cast<unsigned>(bits_of<T>) ? static_cast<T>(-1) : static_cast<T>((T(1) << len) - 1);
  const T mask = static_cast<T>(ones << pos);
  return static_cast<T>((into & ~mask) | (static_cast<T>(a << pos) & mask));
}
template <bool ShiftAmount, class T>
CUPORT_FN uint32_t bfind(T a) {
  uint64_t v = static_cast<uint64_t>(static_cast<unsigned_t<T>>(a < 0 ? static_cast<T>(~a) : a));
  if (v == 0) return 0xFFFFFFFFu;
  const auto at = static_cast<uint32_t>(63 - __builtin_clzll(v));
  return ShiftAmount ? static_cast<uint32_t>(bits_of<T>) - 1 - at : at;
}
template <class T> CUPORT_FN T brev(T a) { if constexpr (sizeof(T) == 8) return __brevll(a); else return __brev(a); }
template <class T> CUPORT_FN uint32_t clz(T a) { if constexpr (sizeof(T) == 8) return static_cast<uint32_t>(__clzll(static_cast<long long>(a))); else return static_cast<uint32_t>(__clz(static_cast<int>(a))); }
template <class T> CUPORT_FN uint32_t popc(T a) { return static_cast<uint32_t>(__builtin_popcountll(a)); }
template <class T> CUPORT_FN T bmsk(T start, T width, bool clamp) {
  const uint64_t a = clamp ? (start > 32 ? 32 : start) : start & 31u, b = clamp ? (width > 32 ? 32 : width) : width & 31u;
  return static_cast<T>(((uint64_t{1} << b) - 1) << a);
}
template <class A, class B>
CUPORT_FN uint32_t dp4a(uint32_t a, uint32_t b, uint32_t c) {
  for (int i = 0; i < 4; ++i) c += static_cast<uint32_t>(static_cast<int>(part<A>(a, i)) * static_cast<int>(part<B>(b, i)));
  return c;
}
template <class A, class B, bool High>
CUPORT_FN uint32_t dp2a(uint32_t a, uint32_t b, uint32_t c) {
  for (int i = 0; i < 2; ++i) {
    c += static_cast<uint32_t>(static_cast<int>(part<A>(a, i)) * static_cast<int>(part<B>(b, i + (High ? 2 : 0))));
  }
  return c;
}

// A comparison's answer joined with another predicate.
CUPORT_FN bool join_and(bool a, bool b) { return a && b; }
CUPORT_FN bool join_or(bool a, bool b) { return a || b; }
CUPORT_FN bool join_xor(bool a, bool b) { return a != b; }
template <class T> CUPORT_FN bool eq(T a, T b) { return a == b; }
template <class T> CUPORT_FN bool ne(T a, T b) { return a != b; }
template <class T> CUPORT_FN bool lt(T a, T b) { return a < b; }
template <class T> CUPORT_FN bool le(T a, T b) { return a <= b; }
template <class T> CUPORT_FN bool gt(T a, T b) { return a > b; }
template <class T> CUPORT_FN bool ge(T a, T b) { return a >= b; }
// What `set` gives for true.
template <class T>
CUPORT_FN T truth(bool c) {
  if constexpr (std::is_same_v<T, float>) return c ? 1.0f : 0.0f;
  else return c ? static_cast<T>(-1) : T(0);
}

}  // namespace ptx
}  // namespace cuport
