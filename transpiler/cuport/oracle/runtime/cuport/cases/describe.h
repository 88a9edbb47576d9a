// Types and values in words: dtype names, C++ spellings, layouts as JSON. What captures are written with.
#pragma once
#include <stdarg.h>
#include <type_traits>
#include "../numbers/vectors.h"

namespace cuport {

// A growing text.
class Text {
 public:
  Text() = default;
  Text(const Text&) = delete;
  Text& operator=(const Text&) = delete;
  ~Text() { free(data_); }

  CUPORT_OUTLINED(, void, add, (const char* s, size_t n)) {
    if (size_ + n + 1 > capacity_) {
      capacity_ = (size_ + n + 1) * 2;
      data_ = static_cast<char*>(realloc(data_, capacity_));
      if (data_ == nullptr) abort();
    }
    memcpy(data_ + size_, s, n);
    size_ += n;
    data_[size_] = 0;
  }
  void add(const char* s) { add(s, strlen(s)); }
  CUPORT_OUTLINED(__attribute__((format(printf, 2, 3))), void, format, (const char* pattern, ...)) {
    char line[512];
    va_list list;
    va_start(list, pattern);
    vsnprintf(line, sizeof line, pattern, list);
    va_end(list);
    add(line);
  }
  CUPORT_OUTLINED(, void, quoted, (const char* s)) {
    add("\"");
    for (; *s != 0; ++s) {
      if (*s == '"' || *s == '\\') add("\\");
      add(s, 1);
    }
    add("\"");
  }
  CUPORT_OUTLINED(, void, hex, (const void* bytes, size_t n)) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; ++i) {
      const unsigned char c = static_cast<const unsigned char*>(bytes)[i];
      const char two[2] = {digits[c >> 4], digits[c & 15]};
      add(two, 2);
    }
  }
  void clear() { size_ = 0; if (data_ != nullptr) data_[0] = 0; }
  const char* str() const { return data_ == nullptr ? "" : data_; }
  size_t size() const { return size_; }
  char last() const { return size_ == 0 ? 0 : data_[size_ - 1]; }

 private:
  char* data_ = nullptr;
  size_t size_ = 0, capacity_ = 0;
};

// The numpy name of a scalar type; null for anything else. Other headers specialise it (half, bfloat16, shadow).
template <class T>
struct dtype_of {
  static constexpr const char* integer(size_t size, bool is_signed) {
    switch (size) {
      case 1: return is_signed ? "int8" : "uint8";
      case 2: return is_signed ? "int16" : "uint16";
      case 4: return is_signed ? "int32" : "uint32";
      case 8: return is_signed ? "int64" : "uint64";
      default: return nullptr;
    }
  }
  static constexpr const char* get() {
    if constexpr (std::is_same_v<T, bool>) {
      return "bool";
    } else if constexpr (std::is_same_v<T, float>) {
      return "float32";
    } else if constexpr (std::is_same_v<T, double>) {
      return "float64";
    } else if constexpr (std::is_enum_v<T>) {
      return dtype_of<std::underlying_type_t<T>>::get();
    } else if constexpr (std::is_integral_v<T>) {
      return integer(sizeof(T), static_cast<T>(-1) < static_cast<T>(0));
    } else {
      return nullptr;
    }
  }
  static constexpr const char* name = get();
};

template <class T>
const char* raw_type_name() { return __PRETTY_FUNCTION__; }
template <auto V>
const char* raw_value_name() { return __PRETTY_FUNCTION__; }

template <template <class...> class F>
const char* raw_template_name() { return __PRETTY_FUNCTION__; }

// Cuts `X` out of "... [with K = X]" (g++) or "... [K = X]" (clang++), without the compiler's words for unnamed scopes.
inline void add_pretty(Text& out, const char* pretty) {
  const char* from = strstr(pretty, " = ");
  if (from == nullptr) return;
  from += 3;
  const char* end = strrchr(pretty, ']');
  static const char* const unnamed[] = {"{anonymous}::", "(anonymous namespace)::", "<unnamed>::"};
  while (from < end) {
    bool skipped = false;
    for (const char* word : unnamed) {
      if (strncmp(from, word, strlen(word)) == 0) from += strlen(word), skipped = true;
    }
    if (!skipped) out.add(from++, 1);
  }
}
template <class T>
void add_type_name(Text& out) { add_pretty(out, raw_type_name<T>()); }

class Fields;
template <class T, class = void>
struct is_visitable : std::false_type {};
template <class T>
struct is_visitable<T, std::void_t<decltype(std::declval<T&>().cuport_visit(std::declval<Fields&>()))>> : std::true_type {};

template <class T>
struct is_vector : std::bool_constant<!std::is_same_v<typename lanes_of<T>::type, T>> {};

}  // namespace cuport
