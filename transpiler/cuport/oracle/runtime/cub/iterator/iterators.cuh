// CUB's iterators: values that are computed, or loaded with a cache hint.
#pragma once
#include <iterator>
#include "../thread/thread_load.cuh"

namespace cub {
namespace internal {

// Arithmetic of a random access iterator on `position`; `Self` says what it points at.
template <class Self, class T, class Reference, class Offset>
class Iterator {
 public:
  using self_type = Self;
  using difference_type = Offset;
  using value_type = T;
  using pointer = T*;
  using reference = Reference;
  using iterator_category = std::random_access_iterator_tag;

  Self& operator++() { return move(1); }
  Self& operator--() { return move(-1); }
  Self operator++(int) { Self old = self(); move(1); return old; }
  Self operator--(int) { Self old = self(); move(-1); return old; }
  template <class D> Self& operator+=(D n) { return move(static_cast<Offset>(n)); }
  template <class D> Self& operator-=(D n) { return move(-static_cast<Offset>(n)); }
  template <class D> Self operator+(D n) const { Self r = self(); r.move(static_cast<Offset>(n)); return r; }
  template <class D, class = std::enable_if_t<std::is_integral_v<D>>>
  Self operator-(D n) const { Self r = self(); r.move(-static_cast<Offset>(n)); return r; }
  Offset operator-(const Self& b) const { return self().distance(b); }
  Reference operator*() const { return self().at(); }
  template <class D> Reference operator[](D n) const { return *(self() + n); }
  bool operator==(const Self& b) const { return self().distance(b) == 0; }
  bool operator!=(const Self& b) const { return self().distance(b) != 0; }
  bool operator<(const Self& b) const { return self().distance(b) < 0; }
  Self& move(Offset n) {
    self().advance(n);
    return self();
  }

 private:
  Self& self() { return static_cast<Self&>(*this); }
  const Self& self() const { return static_cast<const Self&>(*this); }
};

struct Discard {
  template <class T>
  const Discard& operator=(const T&) const { return *this; }
};
}  // namespace internal

template <class T, class Offset = ptrdiff_t>
class CountingInputIterator : public internal::Iterator<CountingInputIterator<T, Offset>, T, T, Offset> {
 public:
  explicit CountingInputIterator(const T& v) : value_(v) {}
  T at() const { return value_; }
  void advance(Offset n) { value_ = static_cast<T>(value_ + static_cast<T>(n)); }
  Offset distance(const CountingInputIterator& b) const { return static_cast<Offset>(value_ - b.value_); }

 private:
  T value_;
};

template <class T, class Offset = ptrdiff_t>
class ConstantInputIterator : public internal::Iterator<ConstantInputIterator<T, Offset>, T, T, Offset> {
 public:
  explicit ConstantInputIterator(T v, Offset i = 0) : value_(v), index_(i) {}
  T at() const { return value_; }
  void advance(Offset n) { index_ += n; }
  Offset distance(const ConstantInputIterator& b) const { return index_ - b.index_; }

 private:
  T value_;
  Offset index_;
};

template <class T, class Op, class In, class Offset = ptrdiff_t>
class TransformInputIterator : public internal::Iterator<TransformInputIterator<T, Op, In, Offset>, T, T, Offset> {
 public:
  TransformInputIterator(In in, Op op) : in_(in), op_(op) {}
  T at() const { return const_cast<Op&>(op_)(*in_); }
  void advance(Offset n) { in_ = in_ + n; }
  Offset distance(const TransformInputIterator& b) const { return static_cast<Offset>(in_ - b.in_); }

 private:
  In in_;
  Op op_;
};

template <class In, class Offset = ptrdiff_t, class T = internal::value_t<In>>
class ArgIndexInputIterator
    : public internal::Iterator<ArgIndexInputIterator<In, Offset, T>, KeyValuePair<Offset, T>, KeyValuePair<Offset, T>, Offset> {
 public:
  explicit ArgIndexInputIterator(In in, Offset i = 0) : in_(in), index_(i) {}
  KeyValuePair<Offset, T> at() const { return KeyValuePair<Offset, T>(index_, in_[index_]); }
  void advance(Offset n) { index_ += n; }
  Offset distance(const ArgIndexInputIterator& b) const { return index_ - b.index_; }
  void normalize() { in_ = in_ + index_, index_ = 0; }

 private:
  In in_;
  Offset index_;
};

template <CacheLoadModifier, class T, class Offset = ptrdiff_t>
class CacheModifiedInputIterator {
 public:
  using difference_type = Offset;
  using value_type = T;
  using pointer = T*;
  using reference = T;
  using iterator_category = std::random_access_iterator_tag;
  CacheModifiedInputIterator() = default;
  template <class Q>
  CacheModifiedInputIterator(Q* at) : at_(const_cast<std::remove_cv_t<Q>*>(at)) {}
  T operator*() const { return *at_; }
  template <class D> T operator[](D n) const { return at_[n]; }
  template <class D> CacheModifiedInputIterator operator+(D n) const { return CacheModifiedInputIterator(at_ + n); }
  template <class D, class = std::enable_if_t<std::is_integral_v<D>>>
  CacheModifiedInputIterator operator-(D n) const { return CacheModifiedInputIterator(at_ - n); }
  Offset operator-(const CacheModifiedInputIterator& b) const { return static_cast<Offset>(at_ - b.at_); }
  template <class D> CacheModifiedInputIterator& operator+=(D n) { return at_ += n, *this; }
  CacheModifiedInputIterator& operator++() { return ++at_, *this; }
  bool operator==(const CacheModifiedInputIterator& b) const { return at_ == b.at_; }
  bool operator!=(const CacheModifiedInputIterator& b) const { return at_ != b.at_; }
  T* ptr() const { return at_; }

 private:
  T* at_ = nullptr;
};

// Writing through it is writing to the pointer.
template <CacheStoreModifier, class T, class Offset = ptrdiff_t>
class CacheModifiedOutputIterator {
 public:
  using difference_type = Offset;
  using value_type = T;
  using pointer = T*;
  using reference = T&;
  using iterator_category = std::random_access_iterator_tag;
  template <class Q>
  CacheModifiedOutputIterator(Q* at) : at_(at) {}
  T& operator*() const { return *at_; }
  template <class D> T& operator[](D n) const { return at_[n]; }
  template <class D> CacheModifiedOutputIterator operator+(D n) const { return CacheModifiedOutputIterator(at_ + n); }
  template <class D> CacheModifiedOutputIterator& operator+=(D n) { return at_ += n, *this; }
  CacheModifiedOutputIterator& operator++() { return ++at_, *this; }

 private:
  T* at_;
};

template <class Offset = ptrdiff_t>
class DiscardOutputIterator {
 public:
  using difference_type = Offset;
  using value_type = void;
  using pointer = void;
  using reference = internal::Discard;
  using iterator_category = std::random_access_iterator_tag;
  explicit DiscardOutputIterator(Offset i = 0) : index_(i) {}
  internal::Discard operator*() const { return {}; }
  template <class D> internal::Discard operator[](D) const { return {}; }
  template <class D> DiscardOutputIterator operator+(D n) const { return DiscardOutputIterator(index_ + n); }
  template <class D> DiscardOutputIterator& operator+=(D n) { return index_ += n, *this; }
  DiscardOutputIterator& operator++() { return ++index_, *this; }
  Offset operator-(const DiscardOutputIterator& b) const { return index_ - b.index_; }

 private:
  Offset index_;
};

}  // namespace cub
