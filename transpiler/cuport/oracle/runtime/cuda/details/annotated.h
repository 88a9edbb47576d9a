// cuda::access_property and cuda::annotated_ptr: hints for caches, which make no difference here.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "../std/details.h"
#include "copy.h"

namespace cuda {

class access_property {
 public:
  struct shared {};
  struct global {};
  struct persisting {};
  struct streaming {};
  struct normal {};
  constexpr access_property() = default;
  template <class Property>
  constexpr access_property(Property) {}
  template <class A>
  constexpr access_property(A, float) {}
  template <class A, class B>
  constexpr access_property(A, float, B) {}
  template <class A, class B>
  access_property(void*, size_t, size_t, A, B) {}
  constexpr operator uint64_t() const { return 0; }
};

template <class T, class Property = access_property>
class annotated_ptr {
 public:
  using value_type = T;
  using reference = T&;
  constexpr annotated_ptr() = default;
  constexpr explicit annotated_ptr(T* p) : p_(p) {}
  template <class Any>
  constexpr annotated_ptr(T* p, Any) : p_(p) {}
  template <class U, class Any>
  constexpr annotated_ptr(const annotated_ptr<U, Any>& other) : p_(other.get()) {}
  constexpr T& operator*() const { return *p_; }
  constexpr T* operator->() const { return p_; }
  constexpr T& operator[](ptrdiff_t i) const { return p_[i]; }
  constexpr ptrdiff_t operator-(const annotated_ptr& other) const { return p_ - other.p_; }
  constexpr explicit operator bool() const { return p_ != nullptr; }
  constexpr T* get() const { return p_; }
  constexpr Property property() const { return {}; }
  template <class Fields>
  void cuport_visit(Fields& fields) { fields("p", p_); }

 private:
  T* p_ = nullptr;
};

template <class T, class Property>
constexpr T* associate_access_property(T* p, Property) { return p; }
template <class Shape, class Property>
inline void apply_access_property(const volatile void*, Shape, Property) {}
inline void discard_memory(volatile void*, size_t) {}

template <class T, class P, class U, class Q, class Size, class Sync, class = ::std::enable_if_t<cuport_takes_copies<Sync>>>
inline void memcpy_async(annotated_ptr<T, P> to, annotated_ptr<U, Q> from, Size bytes, Sync&) { cuport_copy(to.get(), from.get(), static_cast<size_t>(bytes)); }
template <class T, class U, class Q, class Size, class Sync, class = ::std::enable_if_t<cuport_takes_copies<Sync>>>
inline void memcpy_async(T* to, annotated_ptr<U, Q> from, Size bytes, Sync&) { cuport_copy(to, from.get(), static_cast<size_t>(bytes)); }

}  // namespace cuda
