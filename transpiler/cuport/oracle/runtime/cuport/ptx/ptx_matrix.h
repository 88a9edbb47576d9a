// mma, ldmatrix, stmatrix and movmatrix of PTX.
//
// The layouts of all shapes are one rule (PTX ISA manual, "Matrix Fragments for mma"): with group = lane / 4, of four
// lanes each, and P elements a register, register r of A holds row group (+ 8 for odd r, if there are 16 rows) and columns
// from (lane % 4) P + (r / 2) 4 P on; register r of B holds column group and rows from (lane % 4) P + r 4 P on; C and D
// hold row group (+ 8 for the second half), columns (lane % 4) 2 and the next.
#pragma once
#include "../numbers/matrix.h"
#include "ptx_convert.h"
#include "ptx_memory.h"
#include "ptx_thread.h"

namespace cuport {
namespace ptx {

struct s4 {};
struct u4 {};
struct b1 {};
struct e4m3 {};
struct e5m2 {};

// Elements within a register of `Word`: how many, what type they are computed in, and each one's value.
template <class E>
struct Elements {
  using Value = std::conditional_t<std::is_integral_v<E>, int32_t, double>;
  template <class W> static constexpr int in = static_cast<int>(sizeof(W) / sizeof(E));
  template <class W>
  static Value at(W word, int i) {
    if constexpr (std::is_integral_v<E>) return static_cast<Value>(part<E>(word, i));
    else return value(part<E>(word, i));
  }
};
template <bool Signed>
struct Nibbles {
  using Value = int32_t;
  template <class W> static constexpr int in = 8;
  template <class W>
  static Value at(W word, int i) {
    const auto n = static_cast<int32_t>(word >> (4 * i) & 15u);
    return Signed && n > 7 ? n - 16 : n;
  }
};
template <> struct Elements<s4> : Nibbles<true> {};
template <> struct Elements<u4> : Nibbles<false> {};
template <>
struct Elements<b1> {  // 32 at once
  using Value = uint32_t;
  template <class W> static constexpr int in = 1;
  template <class W> static Value at(W word, int) { return word; }
};
template <class F>
struct Bytes {
  using Value = double;
  template <class W> static constexpr int in = 4;
  template <class W> static Value at(W word, int i) { return static_cast<double>(F::widen(static_cast<uint8_t>(word >> (8 * i)))); }
};
template <> struct Elements<e4m3> : Bytes<Float8<4, 3>> {};
template <> struct Elements<e5m2> : Bytes<Float8<5, 2>> {};

template <class T, int N>
struct Fragment {
  T v[N];
};
template <int N>
using Registers = Fragment<uint32_t, N>;
template <class T> struct accumulator { using type = T; };
template <> struct accumulator<f16> { using type = uint32_t; };  // two a register

template <int M, int N, int K, class A, class B, class C, class D, bool Saturate, bool And>
struct Mma {
  using Word = std::conditional_t<std::is_same_v<A, f64>, uint64_t, uint32_t>;
  using Value = typename Elements<A>::Value;
  using Sum = std::conditional_t<std::is_same_v<Value, double>, double, int32_t>;
  static constexpr int depth = std::is_same_v<A, b1> ? K / 32 : K;
  static constexpr int pa = Elements<A>::template in<Word>, pb = Elements<B>::template in<Word>;
  static constexpr int na = M * depth / 32 / pa, nb = depth * N / 32 / pb;
  static constexpr int nc = M * N / 32 / (std::is_same_v<C, f16> ? 2 : 1), nd = M * N / 32 / (std::is_same_v<D, f16> ? 2 : 1);

  struct Operand {
    Fragment<Word, na> a;
    Fragment<Word, nb> b;
    Fragment<typename accumulator<C>::type, nc> c;
    Fragment<typename accumulator<D>::type, nd> d;
  };

  CUPORT_QUIET static void multiply(void** operands, unsigned lanes) {
    static thread_local Value a[M * depth], b[depth * N];  // a fiber's stack is small
    static thread_local Sum products[M * N];
    for (unsigned rest = lanes; rest != 0; rest &= rest - 1) {
      const int lane = __builtin_ctz(rest), group = lane / 4, member = lane % 4;
      const auto* o = static_cast<const Operand*>(operands[lane]);
      for (int r = 0; r < na; ++r) {
        const int row = M == 16 ? group + 8 * (r & 1) : group, column = member * pa + (M == 16 ? r >> 1 : r) * 4 * pa;
        for (int i = 0; i < pa; ++i) a[row * depth + column + i] = Elements<A>::at(o->a.v[r], i);
      }
      for (int r = 0; r < nb; ++r) {
        for (int i = 0; i < pb; ++i) b[(member * pb + r * 4 * pb + i) * N + group] = static_cast<Value>(Elements<B>::at(o->b.v[r], i));
      }
    }
    if constexpr (std::is_same_v<A, b1>) {
      for (int i = 0; i < M * N; ++i) {
        products[i] = 0;
        for (int k = 0; k < depth; ++k) products[i] += __builtin_popcount(And ? a[i / N * depth + k] & b[k * N + i % N] : a[i / N * depth + k] ^ b[k * N + i % N]);
      }
    } else {
      small_product<M, N, depth>(a, b, products);
    }
    for (unsigned rest = lanes; rest != 0; rest &= rest - 1) {
      const int lane = __builtin_ctz(rest);
      auto* o = static_cast<Operand*>(operands[lane]);
      for (int i = 0; i < M * N / 32; ++i) {
        const Sum sum = products[(lane / 4 + 8 * (i >> 1)) * N + lane % 4 * 2 + (i & 1)];
        if constexpr (std::is_same_v<Sum, double>) set(*o, i, static_cast<double>(at(*o, i)) + sum);
        else set(*o, i, Saturate ? clamp32(static_cast<int64_t>(at(*o, i)) + sum) : add_int(static_cast<int32_t>(at(*o, i)), sum));
      }
    }
  }
  static auto at(const Operand& o, int i) {
    if constexpr (std::is_same_v<C, f16>) return value(part<f16>(o.c.v[i / 2], i % 2));
    else return o.c.v[i];
  }
  template <class S>
  static void set(Operand& o, int i, S sum) {
    if constexpr (std::is_same_v<D, f16>) {
      const uint32_t bits = Half::narrow(static_cast<double>(sum));
      o.d.v[i / 2] = i % 2 == 0 ? bits : o.d.v[i / 2] | bits << 16;
    } else {
      o.d.v[i] = static_cast<D>(sum);
    }
  }
};

template <int M, int N, int K, class A, class B, class C, class D, bool Saturate, bool And, class FA, class FB, class FC>
CUPORT_QUIET inline auto mma(const FA& a, const FB& b, const FC& c, int site = CUPORT_SITE) {
  using Product = Mma<M, N, K, A, B, C, D, Saturate, And>;
  typename Product::Operand operand;
  memcpy(&operand.a, &a, sizeof operand.a);
  memcpy(&operand.b, &b, sizeof operand.b);
  memcpy(&operand.c, &c, sizeof operand.c);
  meet(0xFFFFFFFFu, &operand, &Product::multiply, site);
  return operand.d;
}

// The 8x8 matrices of 16-bit elements: lane 8 m + r names where row r of matrix m lies; lane l holds two elements of row
// l / 4, or of column l / 4 with .trans. Every lane does its own accesses, so that a checked build sees them.
struct Rows {
  char* mine;
  char* of[32];
};
CUPORT_QUIET inline void exchange_rows(void** operands, unsigned lanes) {
  for (unsigned rest = lanes; rest != 0; rest &= rest - 1) {
    auto* o = static_cast<Rows*>(operands[__builtin_ctz(rest)]);
    for (unsigned from = lanes; from != 0; from &= from - 1) {
      o->of[__builtin_ctz(from)] = static_cast<Rows*>(operands[__builtin_ctz(from)])->mine;
    }
  }
}
template <bool Transposed>
CUPORT_FN uint16_t* element(const Rows& rows, int matrix, int i) {
  const int lane = static_cast<int>(lane_id()), group = lane / 4, along = lane % 4 * 2 + i;
  return reinterpret_cast<uint16_t*>(rows.of[matrix * 8 + (Transposed ? along : group)]) + (Transposed ? group : along);
}
template <int N, bool Transposed>
CUPORT_FN Registers<N> ldmatrix(char* row, int site = CUPORT_SITE) {
  Rows rows{row, {}};
  meet(0xFFFFFFFFu, &rows, &exchange_rows, site);
  Registers<N> r;
  for (int m = 0; m < N; ++m) r.v[m] = pack<uint32_t>(*element<Transposed>(rows, m, 0), *element<Transposed>(rows, m, 1));
  return r;
}
template <int N, bool Transposed>
CUPORT_FN void stmatrix(char* row, const Registers<N>& r, int site = CUPORT_SITE) {
  Rows rows{row, {}};
  meet(0xFFFFFFFFu, &rows, &exchange_rows, site);
  for (int m = 0; m < N; ++m) {
    for (int i = 0; i < 2; ++i) *element<Transposed>(rows, m, i) = part<uint16_t>(r.v[m], i);
  }
}
// The transpose of an 8x8 matrix held in registers.
CUPORT_FN uint32_t movmatrix(uint32_t held, int site = CUPORT_SITE) {
  const int lane = static_cast<int>(lane_id());
  uint16_t r[2];
  for (int i = 0; i < 2; ++i) {
    const int row = lane % 4 * 2 + i, column = lane / 4;  // of the source
    r[i] = part<uint16_t>(warps::shuffle_from(0xFFFFFFFFu, held, row * 4 + column / 2, site), column % 2);
  }
  return pack<uint32_t>(r[0], r[1]);
}

}  // namespace ptx
}  // namespace cuport
