// Exceptions that know their place, as the CUDA samples' header of this name offers them.
#pragma once
#include <stdlib.h>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>

template <class Base>
class Exception : public Base {
 public:
  static void throw_it(const char* file, int line, const char* detail = "-") {
    throw Exception<Base>(std::string("Exception in file '") + file + "' in line " + std::to_string(line) + "\nDetailed description: " + detail + "\n");
  }
  static void throw_it(const char* file, int line, const std::string& detail) { throw_it(file, line, detail.c_str()); }
  ~Exception() throw() override = default;

 private:
  explicit Exception(const std::string& text) : Base(text) {}
};
template <class E>
inline void handleException(const E& e) {
  std::cerr << e.what() << std::endl;
  exit(EXIT_FAILURE);
}
#define RUNTIME_EXCEPTION(text) Exception<std::runtime_error>::throw_it(__FILE__, __LINE__, text)
#define LOGIC_EXCEPTION(text) Exception<std::logic_error>::throw_it(__FILE__, __LINE__, text)
#define RANGE_EXCEPTION(text) Exception<std::range_error>::throw_it(__FILE__, __LINE__, text)
