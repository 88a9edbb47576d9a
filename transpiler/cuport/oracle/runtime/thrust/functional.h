// thrust's functional header, with what newer releases have dropped and older programs still use.
#pragma once
#include_next <thrust/functional.h>
#include <thrust/version.h>
#if THRUST_VERSION >= 300000
THRUST_NAMESPACE_BEGIN
template <class Argument, class Result>
struct unary_function {
  typedef Argument argument_type;
  typedef Result result_type;
};
template <class First, class Second, class Result>
struct binary_function {
  typedef First first_argument_type;
  typedef Second second_argument_type;
  typedef Result result_type;
};
template <class T = void>
struct identity {
  typedef T argument_type;
  typedef T result_type;
  constexpr const T& operator()(const T& x) const { return x; }
};
template <>
struct identity<void> {
  template <class T>
  constexpr T&& operator()(T&& x) const { return static_cast<T&&>(x); }
};
template <class Predicate>
struct unary_negate {
  Predicate predicate;
  explicit unary_negate(Predicate p) : predicate(p) {}
  template <class T>
  bool operator()(const T& x) const { return !predicate(x); }
};
template <class Predicate>
struct binary_negate {
  Predicate predicate;
  explicit binary_negate(Predicate p) : predicate(p) {}
  template <class T, class U>
  bool operator()(const T& x, const U& y) const { return !predicate(x, y); }
};
template <class Predicate>
unary_negate<Predicate> not1(const Predicate& p) { return unary_negate<Predicate>(p); }
template <class Predicate>
binary_negate<Predicate> not2(const Predicate& p) { return binary_negate<Predicate>(p); }
THRUST_NAMESPACE_END
#endif
