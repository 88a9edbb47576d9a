// What the rewritten text needs to know of structs and global variables when nvcc compiles it (see ../cuport/fields.h for the
// same on the CPU): members walked in order, globals known by name.
#pragma once
#include <cstddef>
#include <type_traits>

namespace replayed {

class Decoder;

class Fields {
 public:
  explicit Fields(Decoder* decoder) : decoder_(decoder) {}
  template <class T>
  void operator()(const char* name, T& member);
  void opaque();

 private:
  Decoder* decoder_;
};

struct GlobalVariable {
  const char* name;  // qualified
  const void* symbol;
  std::size_t bytes;
  const GlobalVariable* next;
};
inline const GlobalVariable* global_variables = nullptr;

template <class T>
struct RegisterGlobal {
  GlobalVariable entry;
  RegisterGlobal(const char* name, const volatile void* symbol)
      : entry{name, const_cast<const void*>(symbol), sizeof(T), global_variables} {
    global_variables = &entry;
  }
};

}  // namespace replayed
