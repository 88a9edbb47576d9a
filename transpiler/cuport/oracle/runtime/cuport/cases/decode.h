// Recorded launches back into arguments and device memory. The file's form stands in replay.h.
#pragma once
#include "fields.h"
#include "io.h"
#include "../host/memory.h"
#include "registry.h"

namespace cuport {

// How the elements of a buffer pass between file and memory.
struct BufferKind {
  size_t file_size, memory_size;  // of one element
  int scalars;
  bool raw, streams;
  const void* scalar;  // of elements that are nothing but so many scalars: the same for float and float4
  void (*load)(void* memory, const unsigned char* file, size_t n);
  void (*store)(unsigned char* file, const void* memory, size_t n);
  void (*stream)(const void* memory, size_t n, Stream out);
};

template <class T>
inline const char scalar_tag = 0;
template <class T, class = void>
struct ScalarTag {
  static constexpr const void* value = nullptr;
};
template <class T>
struct ScalarTag<T, std::void_t<typename io<T>::scalar>> {
  static constexpr const void* value = &scalar_tag<typename io<T>::scalar>;
};

template <class T>
struct Kind {
  static void load(void* memory, const unsigned char* file, size_t n) {
    T* to = static_cast<T*>(memory);
    for (size_t i = 0; i < n; ++i) io<T>::load(to[i], file + i * io<T>::size);
  }
  static void store(unsigned char* file, const void* memory, size_t n) {
    const T* from = static_cast<const T*>(memory);
    for (size_t i = 0; i < n; ++i) io<T>::store(file + i * io<T>::size, from[i]);
  }
  static void stream(const void* memory, size_t n, Stream out) {
    if constexpr (io<T>::streams) io<T>::stream(static_cast<const T*>(memory), n, out);
    (void)memory, (void)n, (void)out;
  }
};
template <class T>
inline const BufferKind kind_of{io<T>::size,   sizeof(T),        io<T>::scalars,  io<T>::raw,
                                    io<T>::streams, ScalarTag<T>::value, &Kind<T>::load, &Kind<T>::store, &Kind<T>::stream};

struct LoadedBuffer {
  const char* name;
  unsigned char* file;
  size_t bytes;
  char* memory;  // null until a pointer's type said what the elements are
  const BufferKind* kind;
  const GlobalVariable* global;  // the variable it is the contents of
};

struct Leaf {
  bool pointer;
  long buffer;
  size_t offset;
  const char* hex;
};

struct LoadedCase {
  static constexpr int kMost = 256;
  long number;
  const char* instance;
  dim3 grid, block;
  size_t shared;
  LoadedBuffer buffer[kMost];
  int buffers;
  Leaf leaf[4096];
  int leaves;
  const char* problem;  // why this case cannot be replayed
};

// Gives a buffer its place in device memory, its elements being of this kind.
CUPORT_NOINLINE inline void place(LoadedCase& c, LoadedBuffer& b, const BufferKind& kind) {
  if (b.memory != nullptr) {
    const bool alike = (b.kind->raw && kind.raw) || (kind.scalar != nullptr && kind.scalar == b.kind->scalar);
    if (b.kind != &kind && !alike) c.problem = "a buffer is seen as two types, one of them not made of plain bytes";
    return;
  }
  b.kind = &kind;
  if (b.global != nullptr) {
    b.memory = static_cast<char*>(b.global->address);
    b.kind = b.global->kind();
    if (b.bytes / b.kind->file_size * b.kind->memory_size > b.global->bytes) {
      c.problem = "a global variable is smaller than its recorded contents";
    } else if (!b.global->is_const) {
      b.kind->load(b.memory, b.file, b.bytes / b.kind->file_size);
    }
    return;
  }
  const size_t n = kind.file_size == 0 ? 0 : b.bytes / kind.file_size;
  const size_t bytes = kind.raw ? b.bytes : n * kind.memory_size;
  b.memory = device_memory.allocate(bytes == 0 ? 1 : bytes);
  if (b.memory == nullptr) {
    c.problem = "not enough memory for a buffer";
  } else if (kind.raw) {
    if (b.bytes != 0) memcpy(b.memory, b.file, b.bytes);
  } else {
    kind.load(b.memory, b.file, n);
  }
  if (b.memory == nullptr) return;
  name_buffer(b.memory, b.name);
  CUPORT_BUFFER(b.memory, bytes);
}

class Decoder {
 public:
  explicit Decoder(LoadedCase& c) : case_(c) {}

  template <class T>
  CUPORT_COLD void value(T& to) {
    if constexpr (std::is_array_v<T>) {
      for (auto& element : to) value(const_cast<std::remove_cv_t<std::remove_reference_t<decltype(element)>>&>(element));
    } else if constexpr (std::is_pointer_v<T>) {
      pointer(to);
    } else if constexpr (is_vector<T>::value) {
      using Lane = typename lanes_of<T>::type;
      for (int i = 0; i < lanes_of<T>::count; ++i) value(reinterpret_cast<Lane*>(&to)[i]);
    } else if constexpr (is_visitable<T>::value) {
      const bool outer = opaque_;
      opaque_ = false;
      Fields fields(this);
      to.cuport_visit(fields);
      if (opaque_) bytes(&to, sizeof(T));
      opaque_ = outer;
    } else if constexpr (std::is_empty_v<T>) {
    } else if constexpr (dtype_of<T>::name != nullptr || !io<T>::raw) {
      unsigned char file[io<T>::size];
      bytes(file, sizeof file);
      io<T>::load(to, file);
    } else {
      bytes(&to, sizeof(T));
    }
  }
  void opaque() { opaque_ = true; }

 private:
  const Leaf* next(bool pointer) {
    if (next_ == case_.leaves || case_.leaf[next_].pointer != pointer) {
      case_.problem = "the recorded arguments do not fit the kernel's parameters";
      return nullptr;
    }
    return &case_.leaf[next_++];
  }
  CUPORT_NOINLINE void bytes(void* to, size_t n) {
    const Leaf* leaf = next(false);
    if (leaf == nullptr) return;
    if (strlen(leaf->hex) != 2 * n) {
      case_.problem = "a recorded argument has another size than the kernel's parameter";
      return;
    }
    auto digit = [](char c) { return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10); };
    for (size_t i = 0; i < n; ++i) {
      static_cast<unsigned char*>(to)[i] = static_cast<unsigned char>(digit(leaf->hex[2 * i]) << 4 | digit(leaf->hex[2 * i + 1]));
    }
  }
  template <class T>
  CUPORT_COLD void pointer(T*& to) {
    using Plain = std::remove_cv_t<T>;
    const Leaf* leaf = next(true);
    to = nullptr;
    if (leaf == nullptr || leaf->buffer < 0) return;
    if (leaf->buffer >= case_.buffers) {
      case_.problem = "an argument points to a buffer that is not there";
      return;
    }
    LoadedBuffer& b = case_.buffer[leaf->buffer];
    if constexpr (std::is_function_v<T>) {
      case_.problem = "an argument is a pointer to a function";
    } else if constexpr (std::is_void_v<Plain>) {
      place(case_, b, kind_of<unsigned char>);
      to = static_cast<T*>(b.memory + leaf->offset);
    } else if constexpr (is_complete<Plain>::value) {
      using Element = std::remove_cv_t<std::remove_all_extents_t<Plain>>;
      place(case_, b, kind_of<Element>);
      if (b.memory == nullptr) return;
      const size_t at = b.kind->raw ? leaf->offset : leaf->offset / io<Element>::size * sizeof(Element);
      to = reinterpret_cast<T*>(b.memory + at);
    } else {
      case_.problem = "an argument points to an incomplete type";
    }
  }
  template <class T, class = void>
  struct is_complete : std::false_type {};
  template <class T>
  struct is_complete<T, std::void_t<decltype(sizeof(T))>> : std::true_type {};

  LoadedCase& case_;
  int next_ = 0;
  bool opaque_ = false;
};

}  // namespace cuport
