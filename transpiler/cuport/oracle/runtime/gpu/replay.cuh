// Replays recorded launches on an NVIDIA GPU: the counterpart of ../replay.h (which has the forms of both files) for a unit that
// nvcc compiles from the user's own kernels. Includes this before the kernels; the instances follow them (cuda/rewrite/gpu.py).
#pragma once
#include "cases.cuh"

namespace replayed {

template <class T, class = void>
struct is_visitable : std::false_type {};
template <class T>
struct is_visitable<T, std::void_t<decltype(std::declval<T&>().cuport_visit(std::declval<Fields&>()))>> : std::true_type {};

// The lanes of a vector type: .x .y .z .w, all of one type.
template <class T, class = void>
struct lanes_of {
  static constexpr int count = 0;
  using type = T;
};
template <class T>
struct lanes_of<T, std::void_t<decltype(std::declval<T&>().x), std::enable_if_t<!is_visitable<T>::value && std::is_trivially_copyable_v<T>>>> {
  using type = std::remove_reference_t<decltype(std::declval<T&>().x)>;
  static constexpr int count = sizeof(T) / sizeof(type);
};

// A parameter's value out of the leaves of a case, in order of declaration.
class Decoder {
 public:
  explicit Decoder(LoadedCase& c) : case_(c) {}

  template <class T>
  void value(T& to) {
    if constexpr (std::is_array_v<T>) {
      for (auto& element : to) value(const_cast<std::remove_cv_t<std::remove_reference_t<decltype(element)>>&>(element));
    } else if constexpr (std::is_pointer_v<T>) {
      const Leaf* leaf = next(true);
      to = nullptr;
      if (leaf == nullptr || leaf->buffer < 0) return;
      if (static_cast<std::size_t>(leaf->buffer) >= case_.buffers.size()) {
        case_.problem = "an argument points to a buffer that is not there";
        return;
      }
      to = reinterpret_cast<T>(case_.buffers[static_cast<std::size_t>(leaf->buffer)].memory + leaf->offset);
    } else if constexpr (is_visitable<T>::value) {
      const bool outer = opaque_;
      opaque_ = false;
      Fields fields(this);
      to.cuport_visit(fields);
      if (opaque_) bytes(&to, sizeof(T));
      opaque_ = outer;
    } else if constexpr (lanes_of<T>::count > 0) {
      using Lane = typename lanes_of<T>::type;
      for (int i = 0; i < lanes_of<T>::count; ++i) value(reinterpret_cast<Lane*>(&to)[i]);
    } else if constexpr (!std::is_empty_v<T>) {
      bytes(&to, sizeof(T));
    }
  }
  void opaque() { opaque_ = true; }

 private:
  const Leaf* next(bool pointer) {
    if (next_ == case_.leaves.size() || case_.leaves[next_].pointer != pointer) {
      case_.problem = "the recorded arguments do not fit the kernel's parameters";
      return nullptr;
    }
    return &case_.leaves[next_++];
  }
  void bytes(void* to, std::size_t n) {
    const Leaf* leaf = next(false);
    if (leaf == nullptr) return;
    if (leaf->hex.size() != 2 * n) {
      case_.problem = "a recorded argument has another size than the kernel's parameter";
      return;
    }
    const auto digit = [](char c) { return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10); };
    for (std::size_t i = 0; i < n; ++i) {
      static_cast<unsigned char*>(to)[i] = static_cast<unsigned char>(digit(leaf->hex[2 * i]) << 4 | digit(leaf->hex[2 * i + 1]));
    }
  }
  LoadedCase& case_;
  std::size_t next_ = 0;
  bool opaque_ = false;
};

template <class T>
void Fields::operator()(const char*, T& member) {
  decoder_->value(const_cast<std::remove_cv_t<T>&>(member));
}
inline void Fields::opaque() { decoder_->opaque(); }

// A kernel instance under its C++ spelling. `entry` launches it; `grid_waits`: as a cooperative launch.
struct Instance {
  const char* name;
  cudaError_t (*entry)(LoadedCase&, bool grid_waits);
  bool grid_waits;
  const Instance* next;
  static inline const Instance* all = nullptr;
  Instance(const char* n, cudaError_t (*e)(LoadedCase&, bool), bool waits) : name(n), entry(e), grid_waits(waits), next(all) {
    all = this;
  }
};

// Room for a parameter of any type, default constructor or not: kernel parameters are trivially copyable.
template <class T>
union Room {
  unsigned char bytes[sizeof(T)];
  T value;
  Room() : bytes{} {}
  ~Room() {}
};

template <class... P>
struct Launch {
  template <class... Done>
  static cudaError_t with(LoadedCase& c, Decoder&, const void* kernel, bool grid_waits, Done&... done) {
    if (!c.problem.empty()) return cudaSuccess;
    void* arguments[] = {static_cast<void*>(&done.value)..., nullptr};
    if (c.shared > 48 * 1024) {
      const cudaError_t error = cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(c.shared));
      if (error != cudaSuccess) return error;
    }
    return grid_waits ? cudaLaunchCooperativeKernel(kernel, c.grid, c.block, arguments, c.shared, nullptr)
                      : cudaLaunchKernel(kernel, c.grid, c.block, arguments, c.shared, nullptr);
  }
};
template <class First, class... Rest>
struct Launch<First, Rest...> {
  template <class... Done>
  static cudaError_t with(LoadedCase& c, Decoder& decoder, const void* kernel, bool grid_waits, Done&... done) {
    Room<std::remove_cv_t<First>> room;
    decoder.value(room.value);
    return Launch<Rest...>::with(c, decoder, kernel, grid_waits, done..., room);
  }
};

template <class... P>
cudaError_t launch(LoadedCase& c, void (*kernel)(P...), bool grid_waits) {
  Decoder decoder(c);
  return Launch<P...>::with(c, decoder, reinterpret_cast<const void*>(kernel), grid_waits);
}

// One case: its result, or why there is none. An error of the device ends the process, since its context is lost.
inline void run_case(LoadedCase& c, std::FILE* out) {
  const Instance* instance = Instance::all;
  while (instance != nullptr && c.instance != instance->name) instance = instance->next;
  if (instance == nullptr && c.problem.empty()) c.problem = "the unit has no kernel instance of this name";
  cudaError_t error = c.problem.empty() ? place(c) : cudaSuccess;
  if (error == cudaSuccess && c.problem.empty()) error = instance->entry(c, instance->grid_waits);
  if (error == cudaSuccess) error = cudaDeviceSynchronize();
  for (std::size_t i = 0; i < c.buffers.size() && error == cudaSuccess && c.problem.empty(); ++i) {
    LoadedBuffer& b = c.buffers[i];
    error = cudaMemcpy(b.bytes.data(), b.memory, b.bytes.size(), cudaMemcpyDeviceToHost);
    if (error != cudaSuccess) break;
    std::fprintf(out, "buffer %zu %zu\n", i, b.bytes.size());
    std::fwrite(b.bytes.data(), 1, b.bytes.size(), out);
    std::fputc('\n', out);
  }
  if (!c.problem.empty()) std::fprintf(out, "error 0 %s\n", c.problem.c_str());
  if (error != cudaSuccess) std::fprintf(out, "error %d %s\n", static_cast<int>(error), cudaGetErrorString(error));
  std::fputs("end\n", out);
  std::fflush(out);
  cudaGetLastError();
  if (error != cudaSuccess && cudaDeviceSynchronize() != cudaSuccess) std::exit(3);
}

}  // namespace replayed

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: %s CASES RESULTS\n", argv[0]);
    return 2;
  }
  replayed::CaseFile file(argv[1]);
  std::FILE* out = std::fopen(argv[2], "wb");
  if (out == nullptr || !file.begins()) {
    std::fprintf(stderr, "the case file cannot be read or the result file not be written\n");
    return 2;
  }
  std::fputs("cuport-results 1\n", out);
  for (;;) {
    replayed::LoadedCase c;
    if (!file.read(c)) break;
    std::fprintf(out, "case %ld\n", c.number);
    replayed::run_case(c, out);
  }
  return std::fclose(out) == 0 ? 0 : 1;
}
