// CUB's operators.
#pragma once
#include "../util_type.cuh"

namespace cub {

struct Equality {
  template <class T, class U>
  constexpr bool operator()(const T& a, const U& b) const { return a == b; }
};
struct Inequality {
  template <class T, class U>
  constexpr bool operator()(const T& a, const U& b) const { return a != b; }
};
template <class Op>
struct InequalityWrapper {
  Op op;
  InequalityWrapper(Op o) : op(o) {}
  template <class T, class U>
  bool operator()(const T& a, const U& b) { return !op(a, b); }
};
struct Sum {
  template <class T, class U>
  constexpr auto operator()(const T& a, const U& b) const -> decltype(a + b) { return a + b; }
};
struct Difference {
  template <class T, class U>
  constexpr auto operator()(const T& a, const U& b) const -> decltype(a - b) { return a - b; }
};
struct Division {
  template <class T, class U>
  constexpr auto operator()(const T& a, const U& b) const -> decltype(a / b) { return a / b; }
};
struct Max {
  template <class T, class U>
  constexpr std::common_type_t<T, U> operator()(const T& a, const U& b) const { return b > a ? b : a; }
};
struct Min {
  template <class T, class U>
  constexpr std::common_type_t<T, U> operator()(const T& a, const U& b) const { return b < a ? b : a; }
};
// Of equal values the one with the smaller offset.
struct ArgMax {
  template <class K, class V>
  constexpr KeyValuePair<K, V> operator()(const KeyValuePair<K, V>& a, const KeyValuePair<K, V>& b) const {
    return b.value > a.value || (a.value == b.value && b.key < a.key) ? b : a;
  }
};
struct ArgMin {
  template <class K, class V>
  constexpr KeyValuePair<K, V> operator()(const KeyValuePair<K, V>& a, const KeyValuePair<K, V>& b) const {
    return b.value < a.value || (a.value == b.value && b.key < a.key) ? b : a;
  }
};
template <class B>
struct CastOp {
  template <class A>
  B operator()(A&& a) const { return static_cast<B>(a); }
};
template <class Op>
struct SwizzleScanOp {
  Op op;
  SwizzleScanOp(Op o) : op(o) {}
  template <class T>
  T operator()(const T& a, const T& b) { return op(b, a); }
};
// Over (segment number, value): values add up within a segment.
template <class Op>
struct ReduceBySegmentOp {
  Op op;
  ReduceBySegmentOp() = default;
  ReduceBySegmentOp(Op o) : op(o) {}
  template <class P>
  P operator()(const P& a, const P& b) {
    P r;
    r.key = a.key + b.key;
    r.value = b.key != 0 ? b.value : op(a.value, b.value);
    return r;
  }
};
// Over (key, value): values add up where the key stays the same.
template <class Op>
struct ReduceByKeyOp {
  Op op;
  ReduceByKeyOp() = default;
  ReduceByKeyOp(Op o) : op(o) {}
  template <class P>
  P operator()(const P& a, const P& b) {
    P r = b;
    if (a.key == b.key) r.value = op(a.value, b.value);
    return r;
  }
};
template <class T>
struct BinaryFlip {
  T op;
  explicit BinaryFlip(T o) : op(o) {}
  template <class A, class B>
  auto operator()(A&& a, B&& b) -> decltype(op(b, a)) { return op(b, a); }
};

namespace internal {
template <class Op, class A, class B = A>
using result_t = std::decay_t<decltype(std::declval<Op&>()(std::declval<const A&>(), std::declval<const B&>()))>;
}  // namespace internal

}  // namespace cub
