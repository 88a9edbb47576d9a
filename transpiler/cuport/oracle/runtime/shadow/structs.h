// Structs in device memory whose members may be shadow scalars: member by member between the layout of the file, which is
// plain CUDA's, and the layout here. Included by cuport/cases/visit.h.
#pragma once
#include "../cuport/cases/fields.h"
#include "../cuport/cases/io.h"

namespace cuport {

// Visits the members of one object in order. What it does with each depends on which ends are set.
class Converter {
 public:
  const unsigned char* from = nullptr;  // load
  unsigned char* to = nullptr;          // store
  const Stream* out = nullptr;          // stream, beginning at entry `scalars`
  size_t at = 0, align = 1;
  int scalars = 0;
  bool raw = true, opaque = false;

  template <class T>
  void member(T& value) {
    if constexpr (std::is_array_v<T>) {
      for (auto& element : value) member(element);
    } else {
      using Io = io<std::remove_cv_t<T>>;
      auto& plain = const_cast<std::remove_cv_t<T>&>(value);
      at = (at + Io::align - 1) / Io::align * Io::align;
      if (from != nullptr) Io::load(plain, from + at);
      if (to != nullptr) Io::store(to + at, plain);
      if constexpr (Io::streams) {
        if (out != nullptr) {
          const size_t i = static_cast<size_t>(scalars);
          Io::stream(&plain, 1, Stream{out->value + i, out->bound + i, out->touched + i, out->tainted + i});
        }
      }
      at += Io::size;
      scalars += Io::scalars;
      if (Io::align > align) align = Io::align;
      raw = raw && Io::raw;
    }
  }
};

template <class T>
Converter visited(T& value, Converter c) {
  Fields fields(&c);
  value.cuport_visit(fields);
  c.at = (c.at + c.align - 1) / c.align * c.align;
  return c;
}

template <class T>
struct io<T, std::enable_if_t<is_visitable<T>::value && !std::is_const_v<T> && !std::is_volatile_v<T>>> {
  static const Converter& layout() {
    alignas(T) static unsigned char room[sizeof(T)];  // only addresses are taken
    static const Converter found = visited(*reinterpret_cast<T*>(room), Converter{});
    return found;
  }
  // A struct that cannot be looked into passes as bytes; it has no bounds that mean anything, which the judge finds out.
  static inline const bool raw = layout().raw || layout().opaque;
  static inline const size_t size = layout().opaque ? sizeof(T) : layout().at;
  static inline const size_t align = layout().opaque ? alignof(T) : layout().align;
  static inline const int scalars = layout().scalars;
  static constexpr bool streams = true;

  static void load(T& to, const unsigned char* from) {
    if (layout().opaque) {
      memcpy(static_cast<void*>(&to), from, sizeof(T));
      return;
    }
    Converter c;
    c.from = from;
    visited(to, c);
  }
  static void store(unsigned char* to, const T& from) {
    if (layout().opaque) {
      memcpy(to, static_cast<const void*>(&from), sizeof(T));
      return;
    }
    Converter c;
    c.to = to;
    visited(const_cast<T&>(from), c);
  }
  static void stream(const T* elements, size_t n, Stream out) {
    for (size_t i = 0; i < n; ++i) {
      const size_t first = i * static_cast<size_t>(scalars);
      const Stream here{out.value + first, out.bound + first, out.touched + first, out.tainted + first};
      Converter c;
      c.out = &here;
      visited(const_cast<T&>(elements[i]), c);
    }
  }
};

}  // namespace cuport
