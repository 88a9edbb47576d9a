// Runs one recorded launch of one kernel instance.
#pragma once
#include "../threads/rows.h"
#include "visit.h"

namespace cuport {

struct Call {
  LoadedCase& loaded;
  cudaError_t error = cudaSuccess;
};

// A kernel instance under its C++ spelling.
struct Instance {
  const char* name;
  void (*entry)(Call&);
  const Instance* next;
  static inline const Instance* all = nullptr;
  Instance(const char* n, void (*e)(Call&)) : name(n), entry(e), next(all) { all = this; }
};

template <class... P>
struct Parameters {};

// Room for a parameter of any type, default constructor or not: kernel parameters are trivially copyable.
template <class T>
union Room {
  unsigned char bytes[sizeof(T)];
  T value;
  Room() : bytes{} {}
  Room(const Room& other) { memcpy(bytes, other.bytes, sizeof bytes); }
  ~Room() {}
};

template <auto K, bool Waits, class Body, class... Done>
void call_with(Call& call, Decoder&, const KernelInfo& info, Parameters<>, Done&... done) {
  LoadedCase& c = call.loaded;
  for (int i = 0; i < c.buffers; ++i) {
    if (c.problem == nullptr) place(c, c.buffer[i], c.buffer[i].memory != nullptr ? *c.buffer[i].kind : kind_of<unsigned char>);
  }
  if (c.problem != nullptr) return;
  const Config config{c.grid, c.block, c.shared, info.grid_waits};
  attributes_of(reinterpret_cast<const void*>(K), true)->dynamic_limit = kSharedOptIn;
  call.error = check_config(config, reinterpret_cast<const void*>(K));
  if (call.error != cudaSuccess) return;
  call.error = run_kernel<K, Waits, Body>(config, info, done.value...);
}
template <auto K, bool Waits, class Body, class First, class... Rest, class... Done>
void call_with(Call& call, Decoder& decoder, const KernelInfo& info, Parameters<First, Rest...>, Done&... done) {
  Room<std::remove_cv_t<First>> room;
  decoder.value(room.value);
  call_with<K, Waits, Body>(call, decoder, info, Parameters<Rest...>{}, done..., room);
}
template <auto K, bool Waits, class Body, class... P>
void call_kernel(Call& call, const KernelInfo& info, void (*)(P...)) {
  Decoder decoder(call.loaded);
  call_with<K, Waits, Body>(call, decoder, info, Parameters<P...>{});
}
template <auto K, bool Waits, class Body = void>
void run_entry(Call& call, const KernelInfo& info) {
  call_kernel<K, Waits, Body>(call, info, K);
}

}  // namespace cuport
