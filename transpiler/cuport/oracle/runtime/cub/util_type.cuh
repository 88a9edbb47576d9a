// CUB's small types: pairs, double buffers, compile-time numbers, what kind of number a type is.
#pragma once
#include <limits>
#include <type_traits>
#include "util_macro.cuh"

namespace cub {

struct NullType {
  using value_type = NullType;
  template <class T>
  NullType& operator=(const T&) { return *this; }
  bool operator==(const NullType&) const { return true; }
  bool operator!=(const NullType&) const { return false; }
};

template <bool Condition, class Then, class Else>
struct If {
  using Type = std::conditional_t<Condition, Then, Else>;
};
template <class A, class B>
struct Equals {
  enum { VALUE = std::is_same_v<A, B>, NEGATE = !VALUE };
};
template <int N>
struct Log2 {
  static constexpr int ceiling() {
    int bits = 0;
    while ((1LL << bits) < N) ++bits;
    return bits;
  }
  enum { VALUE = ceiling() };
};
template <int N>
struct PowerOfTwo {
  enum { VALUE = (N & (N - 1)) == 0 };
};
template <class T>
struct IsPointer {
  enum { VALUE = std::is_pointer_v<T> };
};
template <int A>
struct Int2Type {
  enum { VALUE = A };
};
template <class T>
struct RemoveQualifiers {
  using Type = std::remove_cv_t<T>;
};
template <bool Condition, class T = void>
using EnableIf = std::enable_if<Condition, T>;

template <class K, class V>
struct KeyValuePair {
  using Key = K;
  using Value = V;
  K key;
  V value;
  KeyValuePair() = default;
  constexpr KeyValuePair(const K& k, const V& v) : key(k), value(v) {}
  bool operator==(const KeyValuePair& b) const { return key == b.key && value == b.value; }
  bool operator!=(const KeyValuePair& b) const { return !(*this == b); }
};

// Storage for a T without construction: CUB hands out shared memory as such.
template <class T>
struct Uninitialized {
  alignas(T) unsigned char storage[sizeof(T)];
  T& Alias() { return reinterpret_cast<T&>(*this); }
};

template <class T, int N>
struct ArrayWrapper {
  T array[N];
};

// Two buffers that a sort may use in turn; `Current()` holds what is valid.
template <class T>
struct DoubleBuffer {
  T* d_buffers[2];
  int selector;
  DoubleBuffer() : d_buffers{nullptr, nullptr}, selector(0) {}
  DoubleBuffer(T* current, T* alternate) : d_buffers{current, alternate}, selector(0) {}
  T* Current() { return d_buffers[selector]; }
  T* Alternate() { return d_buffers[selector ^ 1]; }
};

enum Category { NOT_A_NUMBER, SIGNED_INTEGER, UNSIGNED_INTEGER, FLOATING_POINT };

namespace internal {
// The line of the user's call, for messages about barriers: a type of its own, so that no number is taken for it.
struct Site {
  int line;
  operator int() const { return line; }
};
#define CUB_SITE ::cub::internal::Site site = ::cub::internal::Site{__builtin_LINE()}

template <size_t N> struct bits_of { using type = void; };
template <> struct bits_of<1> { using type = uint8_t; };
template <> struct bits_of<2> { using type = uint16_t; };
template <> struct bits_of<4> { using type = uint32_t; };
template <> struct bits_of<8> { using type = uint64_t; };
template <> struct bits_of<16> { using type = unsigned __int128; };

// Half-width floats are classes that programs know by these names, when their headers are included.
template <class T, class = void> struct is_narrow_float : std::false_type {};
template <class T>
struct is_narrow_float<T, std::enable_if_t<std::is_class_v<T> && sizeof(T) <= 2 && std::is_convertible_v<T, float> &&
                                           std::is_convertible_v<float, T>>> : std::true_type {};
template <class T>
constexpr bool is_floating = std::is_floating_point_v<T> || is_narrow_float<T>::value;
template <class T>
constexpr bool is_integer = std::is_integral_v<T> || std::is_same_v<T, __int128> || std::is_same_v<T, unsigned __int128>;

// A number's bits so that unsigned order is the numbers' order, as radix sorts need it. -0 sorts as +0 does.
template <class T>
inline typename bits_of<sizeof(T)>::type ordered_bits(const T& x) {
  using Bits = typename bits_of<sizeof(T)>::type;
  constexpr Bits top = Bits(Bits(1) << (sizeof(T) * 8 - 1));
  Bits bits;
  memcpy(&bits, static_cast<const void*>(&x), sizeof bits);
  if constexpr (is_floating<T>) {
    if (bits == top) bits = 0;
    return (bits & top) != 0 ? Bits(~bits) : Bits(bits | top);
  } else if constexpr (T(-1) < T(0)) {
    return Bits(bits ^ top);
  } else {
    return bits;
  }
}

template <class It, class = void>
struct value_of {
  using type = std::decay_t<decltype(*std::declval<It>())>;
};
template <class T>
struct value_of<T*, void> {
  using type = std::remove_cv_t<T>;
};
template <class It>
struct value_of<It, std::void_t<std::enable_if_t<!std::is_void_v<typename It::value_type>>>> {
  using type = std::remove_cv_t<typename It::value_type>;
};
template <class It>
using value_t = typename value_of<It>::type;

template <class T>
T lowest() {
  if constexpr (std::numeric_limits<T>::is_specialized) return std::numeric_limits<T>::lowest();
  else return T(-std::numeric_limits<float>::infinity());
}
template <class T>
T highest() {
  if constexpr (std::numeric_limits<T>::is_specialized) return std::numeric_limits<T>::max();
  else return T(std::numeric_limits<float>::infinity());
}
}  // namespace internal

template <class T>
struct NumericTraits {
  static constexpr Category CATEGORY = internal::is_floating<T> ? FLOATING_POINT
                                       : !internal::is_integer<T> ? NOT_A_NUMBER
                                       : std::is_signed_v<T>      ? SIGNED_INTEGER
                                                                  : UNSIGNED_INTEGER;
  enum { PRIMITIVE = CATEGORY != NOT_A_NUMBER, NULL_TYPE = std::is_same_v<T, NullType> };
  using UnsignedBits = typename internal::bits_of<sizeof(T)>::type;
  static T Max() { return internal::highest<T>(); }
  static T Lowest() { return internal::lowest<T>(); }
  static UnsignedBits TwiddleIn(UnsignedBits key) {
    T x;
    memcpy(static_cast<void*>(&x), &key, sizeof x);
    return internal::ordered_bits(x);
  }
};
template <class T>
struct Traits : NumericTraits<std::remove_cv_t<T>> {};
template <class T>
using FpLimits = NumericTraits<T>;

}  // namespace cub
