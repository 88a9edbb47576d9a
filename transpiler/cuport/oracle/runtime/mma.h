// nvcuda::wmma: matrix fragments spread over the lanes of a warp.
//
// Where an element lies is ours to choose; accumulators of 16 x 16 lie as on hardware from Ampere on, since programs have
// come to count on it. Numbers of elements are those of CUDA's own fragments: half operands hold everything twice. Products
// are summed in double and rounded once (matrix.h); in a shadow build they are sums of shadow scalars.
#pragma once
#include "cuda_bf16.h"
#include "cuda_fp16.h"
#include "cuport/numbers/matrix.h"
#include "cuport/runtime.h"

namespace cuport {
template <int P>
struct ShadowT;
}
namespace nvcuda {
namespace wmma {

struct row_major;
struct col_major;
struct matrix_a;
struct matrix_b;
struct accumulator;
enum layout_t { mem_row_major, mem_col_major };
namespace precision {
struct tf32;
}
namespace experimental {
namespace precision {
struct u4;
struct s4;
struct b1;
}
enum bmmaBitOp { bmmaBitOpXOR = 1, bmmaBitOpAND = 2 };
enum bmmaAccumulateOp { bmmaAccumulateOpPOPC = 1 };
}  // namespace experimental

namespace own {

#ifdef CUPORT_SHADOW
using Single = cuport::ShadowT<24>;
#else
using Single = float;
#endif

// What a fragment of T holds, and what its elements are multiplied in.
template <class T> struct element { using held = T; using sum = double; };
template <> struct element<precision::tf32> { using held = Single; using sum = std::conditional_t<std::is_same_v<Single, float>, double, Single>; };
template <> struct element<signed char> { using held = signed char; using sum = int; };
template <> struct element<unsigned char> { using held = unsigned char; using sum = int; };
template <> struct element<char> { using held = char; using sum = int; };
template <int P> struct element<cuport::ShadowT<P>> { using held = cuport::ShadowT<P>; using sum = cuport::ShadowT<(P < 24 ? 24 : P)>; };
template <class T>
using held_t = typename element<T>::held;

// tf32 has 11 bits; those below are not looked at.
inline double multiplied(float x, precision::tf32*) { return static_cast<double>(cuport::bit_cast<float>(cuport::bit_cast<uint32_t>(x) & 0xFFFFE000u)); }
template <class T, class H>
typename element<T>::sum multiplied(const H& x, T*) {
  if constexpr (std::is_same_v<typename element<T>::sum, double> && std::is_class_v<H>) return static_cast<double>(static_cast<float>(x));
  else return static_cast<typename element<T>::sum>(x);
}
template <int P, int Q = 24>
cuport::ShadowT<Q> multiplied(const cuport::ShadowT<P>& x, precision::tf32*) { return cuport::ShadowT<Q>(cuport::ShadowT<11>(x)); }

template <class Use, int M, int N, int K> struct Shape;
template <int M, int N, int K> struct Shape<matrix_a, M, N, K> { static constexpr int rows = M, columns = K; };
template <int M, int N, int K> struct Shape<matrix_b, M, N, K> { static constexpr int rows = K, columns = N; };
template <int M, int N, int K> struct Shape<accumulator, M, N, K> { static constexpr int rows = M, columns = N; };

struct Place {
  int row, column;
};
template <class S, bool Sums>
CUPORT_QUIET inline Place place(int lane, int i) {
  if (Sums && S::rows == 16 && S::columns == 16) return Place{lane / 4 + 8 * (i >> 1 & 1), lane % 4 * 2 + (i & 1) + 8 * (i >> 2)};
  if (Sums && S::rows == 8 && S::columns == 8) return Place{lane / 4, lane % 4 * 2 + i};
  const int at = i * 32 + lane;
  return Place{at / S::columns, at % S::columns};
}

}  // namespace own

template <class Use, int M, int N, int K, class T, class Layout = void>
struct fragment {
  using element_type = T;
  using storage_element_type = own::held_t<T>;
  using cuport_shape = own::Shape<Use, M, N, K>;
  static constexpr bool cuport_sums = std::is_same_v<Use, accumulator>;
  static constexpr int cuport_elements = cuport_shape::rows * cuport_shape::columns / 32;
  static constexpr bool cuport_half = !cuport_sums && (std::is_same_v<T, __half> || std::is_same_v<T, cuport::ShadowT<11>>);
  enum { num_elements = cuport_half ? 16 : cuport_elements, num_storage_elements = num_elements };
  storage_element_type x[num_elements];
};

namespace own {

template <class F>
inline void spread(F& f) {  // the copies of half operands
  for (int i = F::cuport_elements; i < F::num_elements; ++i) f.x[i] = f.x[i - F::cuport_elements];
}
template <class F, class V>
inline void load(F& f, const V* from, unsigned stride, bool rows, int site) {
  if (cuport::is_shared(from)) __syncwarp(0xFFFFFFFFu, site);  // lanes of a warp do not talk through global memory
  const int lane = static_cast<int>(cuport::lane_id());
  for (int i = 0; i < F::cuport_elements; ++i) {
    const Place p = place<typename F::cuport_shape, F::cuport_sums>(lane, i);
    f.x[i] = rows ? from[static_cast<size_t>(p.row) * stride + static_cast<size_t>(p.column)] : from[static_cast<size_t>(p.column) * stride + static_cast<size_t>(p.row)];
  }
  spread(f);
}

template <class D, class A, class B, class C>
struct Product {
  const A* a;
  const B* b;
  const C* c;
  D* d;
  bool saturate;

  CUPORT_QUIET static void multiply(void** operands, unsigned lanes) {
    using TA = typename A::element_type;
    using TB = typename B::element_type;
    using Sum = typename element<TA>::sum;
    constexpr int m = A::cuport_shape::rows, k = A::cuport_shape::columns, n = B::cuport_shape::columns;
    static thread_local Sum a[m * k], b[k * n], c[m * n];  // a fiber's stack is small
    for (unsigned rest = lanes; rest != 0; rest &= rest - 1) {
      const int lane = __builtin_ctz(rest);
      const auto* o = static_cast<const Product*>(operands[lane]);
      for (int i = 0; i < A::cuport_elements; ++i) {
        const Place p = place<typename A::cuport_shape, false>(lane, i);
        a[p.row * k + p.column] = multiplied(o->a->x[i], static_cast<TA*>(nullptr));
      }
      for (int i = 0; i < B::cuport_elements; ++i) {
        const Place p = place<typename B::cuport_shape, false>(lane, i);
        b[p.row * n + p.column] = multiplied(o->b->x[i], static_cast<TB*>(nullptr));
      }
    }
    cuport::small_product<m, n, k>(a, b, c);
    for (unsigned rest = lanes; rest != 0; rest &= rest - 1) {
      const int lane = __builtin_ctz(rest);
      auto* o = static_cast<Product*>(operands[lane]);
      for (int i = 0; i < D::cuport_elements; ++i) {
        const Place p = place<typename D::cuport_shape, true>(lane, i);
        o->set(i, c[p.row * n + p.column]);
      }
    }
  }
  template <class S>
  CUPORT_QUIET void set(int i, const S& sum) {
    using T = typename D::storage_element_type;
    if constexpr (std::is_same_v<S, int>) {
      const long long total = static_cast<long long>(c->x[i]) + sum;
      d->x[i] = static_cast<T>(saturate ? (total > INT32_MAX ? INT32_MAX : total < INT32_MIN ? INT32_MIN : total) : total);
    } else if constexpr (std::is_same_v<S, double>) {
      d->x[i] = T(static_cast<double>(c->x[i]) + sum);
    } else {
      d->x[i] = T(S(c->x[i]) + sum);
    }
  }
};

}  // namespace own

template <class Use, int M, int N, int K, class T, class Layout, class V>
inline void fill_fragment(fragment<Use, M, N, K, T, Layout>& f, const V& value) {
  for (auto& x : f.x) x = value;
}
template <class Use, int M, int N, int K, class T, class Layout, class V>
inline void load_matrix_sync(fragment<Use, M, N, K, T, Layout>& f, const V* from, unsigned stride, int site = CUPORT_SITE) {
  static_assert(!std::is_same_v<Use, accumulator>, "the layout of an accumulator must be named");
  own::load(f, from, stride, std::is_same_v<Layout, row_major>, site);
}
template <int M, int N, int K, class T, class V>
inline void load_matrix_sync(fragment<accumulator, M, N, K, T>& f, const V* from, unsigned stride, layout_t layout, int site = CUPORT_SITE) {
  own::load(f, from, stride, layout == mem_row_major, site);
}
template <int M, int N, int K, class T, class V>
inline void store_matrix_sync(V* to, const fragment<accumulator, M, N, K, T>& f, unsigned stride, layout_t layout, int site = CUPORT_SITE) {
  using F = fragment<accumulator, M, N, K, T>;
  __syncwarp(0xFFFFFFFFu, site);
  const int lane = static_cast<int>(cuport::lane_id());
  for (int i = 0; i < F::cuport_elements; ++i) {
    const own::Place p = own::place<typename F::cuport_shape, true>(lane, i);
    const auto row = static_cast<size_t>(p.row), column = static_cast<size_t>(p.column);
    to[layout == mem_row_major ? row * stride + column : column * stride + row] = f.x[i];
  }
}
template <int M, int N, int K, class TA, class TB, class LA, class LB, class TC, class TD>
CUPORT_QUIET inline void mma_sync(fragment<accumulator, M, N, K, TD>& d, const fragment<matrix_a, M, N, K, TA, LA>& a,
                                  const fragment<matrix_b, M, N, K, TB, LB>& b, const fragment<accumulator, M, N, K, TC>& c,
                                  bool saturate = false, int site = CUPORT_SITE) {
  using P = own::Product<fragment<accumulator, M, N, K, TD>, fragment<matrix_a, M, N, K, TA, LA>,
                         fragment<matrix_b, M, N, K, TB, LB>, fragment<accumulator, M, N, K, TC>>;
  P product{&a, &b, &c, &d, saturate};
  cuport::meet(0xFFFFFFFFu, &product, &P::multiply, site);
}

// To the nearest tf32; halves go away from zero.
inline float __float_to_tf32(float x) {
  const uint32_t bits = cuport::bit_cast<uint32_t>(x);
  if ((bits & 0x7F800000u) == 0x7F800000u) return x;
  return cuport::bit_cast<float>((bits + 0x1000u) & 0xFFFFE000u);
}
template <int P, int Q = 24>
inline cuport::ShadowT<Q> __float_to_tf32(const cuport::ShadowT<P>& x) { return cuport::ShadowT<Q>(cuport::ShadowT<11>(x)); }

}  // namespace wmma
}  // namespace nvcuda
