// Kernel arguments and types as JSON, for captures.
#pragma once
#include "fields.h"
#include "../host/memory.h"
#include "registry.h"

namespace cuport {

// The buffers that a launch's pointers reach, in order of first sight.
struct CapturedBuffers {
  static constexpr int kMost = 64;
  struct Entry {
    char* base;
    size_t bytes;
    const char* name;
    Text type;
    bool holds_pointers;
  };
  Entry entry[kMost];
  int count = 0;
  const char* problem = nullptr;  // why this launch cannot become a case

  // Index of the buffer at this allocation; -1 if there is no room.
  int add(char* base, size_t bytes, const char* name) {
    for (int i = 0; i < count; ++i) {
      if (entry[i].base == base) return i;
    }
    if (count == kMost) {
      problem = "more than 64 buffers";
      return -1;
    }
    entry[count].base = base, entry[count].bytes = bytes, entry[count].name = name;
    entry[count].holds_pointers = false;
    return count++;
  }
};

class Encoder {
 public:
  Encoder(Text& out, CapturedBuffers& buffers) : out_(out), buffers_(buffers) {}

  // A struct's member, called back by its cuport_visit.
  template <class T>
  CUPORT_COLD void field(const char* name, T& member) {
    using Plain = std::remove_cv_t<T>;
    if (out_.last() != '[') out_.add(",");
    out_.add("[");
    out_.quoted(name);
    if (origin_ != nullptr) {
      out_.format(",%zu,", static_cast<size_t>(reinterpret_cast<const volatile char*>(&member) - origin_));
      layout<Plain>();
    } else {
      out_.add(",");
      if (depth_ == 0) name_ = name;
      ++depth_;
      argument(const_cast<Plain&>(member));
      --depth_;
    }
    out_.add("]");
  }
  // A member that cannot be looked into (a bit field, a reference, an unnamed union).
  void opaque() { opaque_ = true; }

  // One kernel argument as JSON.
  template <class T>
  CUPORT_COLD void argument(T& value) {
    if constexpr (std::is_array_v<T>) {
      out_.add("{\"array\":[");
      for (auto& element : value) {
        if (out_.last() != '[') out_.add(",");
        argument(const_cast<std::remove_cv_t<std::remove_reference_t<decltype(element)>>&>(element));
      }
      out_.add("]}");
    } else if constexpr (std::is_pointer_v<T>) {
      pointer(value);
    } else if constexpr (dtype_of<T>::name != nullptr) {
      out_.format("{\"t\":\"%s\",\"s\":\"", dtype_of<T>::name);
      out_.hex(&value, sizeof value);
      out_.add("\"}");
    } else if constexpr (is_vector<T>::value) {
      out_.add("{\"struct\":");
      named<T>();
      static const char* const names[] = {"x", "y", "z", "w"};
      using Lane = typename lanes_of<T>::type;
      out_.add(",\"fields\":[");
      for (int i = 0; i < lanes_of<T>::count; ++i) field(names[i], reinterpret_cast<Lane*>(&value)[i]);
      out_.add("]}");
    } else if constexpr (is_visitable<T>::value) {
      out_.add("{\"struct\":");
      named<T>();
      out_.add(",\"fields\":[");
      const bool outer = opaque_;
      opaque_ = false;
      Fields fields(this);
      value.cuport_visit(fields);
      out_.add("]");
      if (opaque_) {  // the bytes as well: the members alone do not make the object
        out_.add(",\"bytes\":\"");
        out_.hex(&value, sizeof value);
        out_.add("\"");
      }
      opaque_ = outer;
      out_.add("}");
    } else if constexpr (std::is_empty_v<T>) {
      out_.add("{\"struct\":");
      named<T>();
      out_.add(",\"fields\":[]}");
    } else {
      for (size_t at = 0; at + sizeof(void*) <= sizeof value; at += alignof(void*)) {
        const void* word;
        memcpy(&word, reinterpret_cast<const char*>(&value) + at, sizeof word);
        if (device_memory.contains(word)) buffers_.problem = "an argument of a library's type holds a pointer";
      }
      out_.add("{\"opaque\":");
      named<T>();
      out_.add(",\"bytes\":\"");
      out_.hex(&value, sizeof value);
      out_.add("\"}");
    }
  }

  // A type as JSON: "float32", {"dtype":"float32","lanes":4}, {"struct":...}, {"array":n,"of":...}, "pointer", ...
  template <class T>
  CUPORT_COLD void layout() {
    using Plain = std::remove_cv_t<T>;
    if constexpr (std::is_void_v<Plain>) {
      out_.add("\"void\"");
    } else if constexpr (std::is_array_v<T>) {
      out_.format("{\"array\":%zu,\"of\":", std::extent_v<T>);
      layout<std::remove_extent_t<T>>();
      out_.add("}");
    } else if constexpr (std::is_pointer_v<Plain> && std::is_function_v<std::remove_pointer_t<Plain>>) {
      out_.add("\"function\"");
      functions_ = true;
    } else if constexpr (std::is_pointer_v<Plain>) {
      out_.add("\"pointer\"");
      pointers_ = true;
    } else if constexpr (std::is_function_v<T>) {
      out_.add("\"function\"");
    } else if constexpr (dtype_of<Plain>::name != nullptr) {
      out_.format("\"%s\"", dtype_of<Plain>::name);
    } else if constexpr (is_vector<Plain>::value) {
      out_.format("{\"dtype\":\"%s\",\"lanes\":%d}", dtype_of<typename lanes_of<Plain>::type>::name,
                  lanes_of<Plain>::count);
    } else if constexpr (is_visitable<Plain>::value) {
      out_.add("{\"struct\":");
      named<Plain>();
      out_.format(",\"size\":%zu,\"fields\":[", sizeof(Plain));
      alignas(Plain) static unsigned char room[sizeof(Plain)];  // only addresses are taken
      const volatile char* outer = origin_;
      origin_ = reinterpret_cast<const volatile char*>(room);
      Fields fields(this);
      reinterpret_cast<Plain*>(room)->cuport_visit(fields);
      origin_ = outer;
      out_.add("]}");
    } else if constexpr (std::is_class_v<Plain> || std::is_union_v<Plain>) {
      if constexpr (requires_size<Plain>::value) {
        out_.add("{\"opaque\":");
        named<Plain>();
        out_.format(",\"size\":%zu}", sizeof(Plain));
      } else {
        out_.add("\"incomplete\"");
      }
    } else {
      out_.add("\"unknown\"");
    }
  }

  void set_name(const char* name) { name_ = name; }
  bool pointers() const { return pointers_; }    // whether a layout holds pointers
  bool functions() const { return functions_; }  // whether it holds pointers to functions

 private:
  template <class T, class = void>
  struct requires_size : std::false_type {};
  template <class T>
  struct requires_size<T, std::void_t<decltype(sizeof(T))>> : std::true_type {};

  template <class T>
  void named() {
    Text name;
    add_type_name<T>(name);
    out_.quoted(name.str());
  }

  template <class T>
  CUPORT_COLD void pointer(T* p) {
    if constexpr (std::is_function_v<T>) {
      buffers_.problem = "an argument is a pointer to a function";
      out_.add("null");
      return;
    } else {
      Text type;
      Encoder inner(type, buffers_);
      inner.template layout<T>();
      int buffer = -1;
      size_t offset = 0;
      const void* address = const_cast<const void*>(static_cast<const volatile void*>(p));
      if (address != nullptr) {
        char* base = nullptr;
        size_t bytes = 0;
        const char* name = name_;
        if (const Allocation* a = device_memory.find(address)) {
          base = a->base, bytes = a->bytes;
        } else if (const GlobalVariable* g = find_global(address)) {
          base = static_cast<char*>(g->address), bytes = g->bytes, name = g->name;
        } else if (const RegisteredRange* r = *find_registered(address)) {
          base = r->base, bytes = r->bytes;
        }
        if (base == nullptr) {
          buffers_.problem = "an argument points to memory that was not allocated through CUDA";
        } else {
          buffer = buffers_.add(base, bytes, name);
          offset = static_cast<size_t>(static_cast<const char*>(address) - base);
          if (buffer >= 0) {
            auto& e = buffers_.entry[buffer];
            if (e.type.size() == 0) e.type.add(type.str());
            e.holds_pointers |= inner.pointers_;
          }
        }
      }
      out_.format("{\"p\":[%d,%zu],\"t\":", buffer, offset);
      out_.add(type.str());
      out_.add("}");
    }
  }

  Text& out_;
  CapturedBuffers& buffers_;
  const char* name_ = "";                       // of the argument being written
  const volatile char* origin_ = nullptr;       // while a layout is written: where its offsets count from
  int depth_ = 0;
  bool opaque_ = false, pointers_ = false, functions_ = false;
};

}  // namespace cuport
