// `__constant__`, `__device__` and `__managed__` variables by name: each registers itself (cuda/rewrite).
#pragma once
#include "describe.h"

namespace cuport {

struct BufferKind;

struct GlobalVariable {
  const char* name;  // qualified
  void* address;
  size_t bytes;
  bool is_const;                              // may lie in memory that cannot be written
  void (*layout)(Text& out, bool& pointers, bool& functions);  // the type as JSON, and what it holds
  const BufferKind* (*kind)();                // how its elements are read from and written to files
  GlobalVariable* next;
};
inline GlobalVariable* global_variables = nullptr;

inline GlobalVariable* find_global(const char* name, size_t length) {
  for (GlobalVariable* g = global_variables; g != nullptr; g = g->next) {
    if (strlen(g->name) == length && strncmp(g->name, name, length) == 0) return g;
  }
  return nullptr;
}
inline GlobalVariable* find_global(const void* address) {
  const char* p = static_cast<const char*>(address);
  for (GlobalVariable* g = global_variables; g != nullptr; g = g->next) {
    const char* base = static_cast<const char*>(g->address);
    if (p >= base && p < base + g->bytes) return g;
  }
  return nullptr;
}

// Host memory that the program registered (cudaHostRegister).
struct RegisteredRange {
  char* base;
  size_t bytes;
  RegisteredRange* next;
};
inline RegisteredRange* registered = nullptr;
inline RegisteredRange** find_registered(const void* p) {
  RegisteredRange** at = &registered;
  for (; *at != nullptr; at = &(*at)->next) {
    if (static_cast<const char*>(p) >= (*at)->base && static_cast<const char*>(p) < (*at)->base + (*at)->bytes) break;
  }
  return at;
}

}  // namespace cuport
