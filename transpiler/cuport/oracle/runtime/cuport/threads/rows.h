// Kernels without barriers: all threads of a block as one loop, the kernel's body inlined into it (cuda/rewrite/loops/rows.py).
#pragma once
#include <type_traits>
#include "grid.h"
#include "../cases/kernel_info.h"

// Kernels cut at their barriers (cuda/rewrite/loops/fission.py): only where float operations are not fused, so that every
// result has the bits that fibers give it.
#if !defined(CUPORT_CHECKED) && !defined(CUPORT_SHADOW) && !defined(CUPORT_FUSED)
#define CUPORT_CUT(...) __VA_ARGS__
#define CUPORT_CUT_OR_VOID(...) __VA_ARGS__
#else
#define CUPORT_CUT(...)
#define CUPORT_CUT_OR_VOID(...) void
#endif
#define CUPORT_EACH_BEGIN \
  const long cuport_nx = static_cast<long>(blockDim.x), cuport_ny = static_cast<long>(blockDim.y), cuport_nz = static_cast<long>(blockDim.z);
#define CUPORT_EACH                                                              \
  for (long cuport_z = 0, cuport_t = 0; cuport_z < cuport_nz; ++cuport_z)        \
    for (long cuport_y = 0; cuport_y < cuport_ny; ++cuport_y)                    \
      for (long cuport_x = 0; cuport_x < cuport_nx; ++cuport_x, ++cuport_t)
#define CUPORT_EACH_THREAD \
  const uint3 threadIdx{static_cast<unsigned>(cuport_x), static_cast<unsigned>(cuport_y), static_cast<unsigned>(cuport_z)};

namespace cuport {

// What a thread knows of itself.
struct Place {
  uint3 thread, block;
  dim3 block_dim, grid_dim;
};

// The bound of `i < n` for an index of type I, as a number that no index is negative against; kNoLimit: unknown.
constexpr long long kNoLimit = LLONG_MIN;
template <class I, class N>
inline long long limit(N n) {
  if constexpr (std::is_integral_v<N>) {
    using Common = decltype(I() + n);
    const Common bound = static_cast<Common>(n);
    if constexpr (sizeof(Common) == 8 && std::is_unsigned_v<Common>) return bound > LLONG_MAX ? LLONG_MAX : static_cast<long long>(bound);
    return static_cast<long long>(bound);
  } else {
    return kNoLimit;
  }
}

// Arguments are copied for each block, so that nobody else can have their address.
template <class T>
using Kept = std::conditional_t<std::is_trivially_copyable_v<T> && sizeof(T) <= 256, T, T&>;

// What was done before is done, and nothing that comes after has begun: a signal handler looks at it.
CUPORT_FORCEINLINE inline void set_coarse(bool coarse) {
  asm volatile("" ::: "memory");
  launch_state.coarse = coarse;
  asm volatile("" ::: "memory");
}

// The threads of the current block in ascending order. Gives the number of blocks done.
template <class Body, class Step>
CUPORT_FORCEINLINE inline uint64_t row_loop(const Step& step) {
  Place p{uint3{0, 0, 0}, current_blockIdx(), current_blockDim(), current_gridDim()};
  const dim3 n = p.block_dim;
  set_coarse(Body::pure);
  for (unsigned z = 0; z < n.z; ++z) {
    for (unsigned y = 0; y < n.y; ++y) {
      for (unsigned x = 0; x < n.x; ++x) {
        p.thread = uint3{x, y, z};
        if constexpr (!Body::pure) be_thread(x, y, z);
        step(p, typename Body::CuportIndex(), false);
      }
    }
  }
  set_coarse(false);
  return 1;
}

// The same as a loop over the running index, from the first thread's to `limit`. Gives 0 if the block has to run thread
// by thread. A grid stride is swept for all blocks of the range together, in the order of memory.
template <class Body, class Step>
CUPORT_FORCEINLINE inline uint64_t index_loop(long long limit, const Step& step) {
  using I = typename Body::CuportIndex;
  Place p{uint3{0, 0, 0}, current_blockIdx(), current_blockDim(), current_gridDim()};
  const dim3 n = p.block_dim;
  const unsigned from = p.block.x;
  const long long stride = static_cast<long long>(p.grid_dim.x) * n.x;
  uint64_t blocks = 1;
  // The index must not wrap, nor `i + stride` past the bound.
  if (limit == kNoLimit || (from + 1LL) * n.x > INT_MAX || (Body::strided && limit > INT_MAX - stride)) return 0;
  if (Body::strided) {
    if (n.y * n.z * p.grid_dim.y * p.grid_dim.z != 1 || stride > INT_MAX) return 0;
    if (Body::pure) blocks = launch_state.end - launch_state.at;
  }
  set_coarse(Body::pure);
  for (unsigned z = 0; z < n.z; ++z) {
    for (unsigned y = 0; y < n.y; ++y) {
      for (long long round = 0; round < limit; round += stride) {
        for (uint64_t b = 0; b < blocks; ++b) {
          p.block.x = from + static_cast<unsigned>(b);
          const long long base = round + static_cast<long long>(p.block.x) * n.x;
          const I begin = static_cast<I>(base), end = static_cast<I>(base + n.x < limit ? base + n.x : limit);
          for (I i = begin; i < end; ++i) {
            p.thread = uint3{static_cast<unsigned>(i - begin), y, z};
            if constexpr (!Body::pure) be_thread(p.thread.x, y, z);
            step(p, i, true);
          }
        }
        if (!Body::strided) break;
      }
    }
  }
  set_coarse(false);
  return blocks;
}

template <class Rows, class Call>
struct RowWork {
  const Rows& rows;
  const Call& call;
};
template <class Rows, class Call>
uint64_t run_rows(const void* args) {
  const auto& work = *static_cast<const RowWork<Rows, Call>*>(args);
  if (CUPORT_LIKELY(worker.schedule == Schedule::forward && !launch_state.exact)) {
    if (const uint64_t blocks = work.rows()) return blocks;
  }
  return straight_rows<Call>(&work.call);
}

template <class Rows, class Call>
uint64_t run_cut(const void* args) {
  static_cast<const RowWork<Rows, Call>*>(args)->rows();
  return 1;
}
template <class Rows, class Call>
void run_thread(const void* args) {
  static_cast<const RowWork<Rows, Call>*>(args)->call();
}
inline bool cutting() {
  static const bool on = [] {
    const char* fission = getenv("CUPORT_FISSION");
    return fission == nullptr || strcmp(fission, "0") != 0;
  }();
  return on;
}

// Runs a grid of the kernel K.
template <auto K, bool Waits, class Body, class... P>
inline cudaError_t run_kernel(const Config& c, const KernelInfo& info, P&... args) {
  // Other cores must not run the copy constructors of arguments: they are host code.
  const bool independent = info.independent && (std::is_trivially_copyable_v<P> && ...);
  const auto call = [&]() CUPORT_QUIET { K(args...); };
#if !defined(CUPORT_CHECKED) && !defined(CUPORT_SHADOW)
  if constexpr (!Waits && !std::is_void_v<Body>) {
    const auto rows = [&]() -> uint64_t {
      return [](Kept<P>... kept) CUPORT_FORCEINLINE -> uint64_t {
        const auto step = [&](const Place& p, typename Body::CuportIndex i, bool inside) CUPORT_FORCEINLINE { Body::run(p, i, inside, kept...); };
        if constexpr (Body::canonical) {
          return index_loop<Body>(Body::limit(current_blockDim(), current_gridDim(), kept...), step);
        } else {
          return row_loop<Body>(step);
        }
      }(args...);
    };
    const RowWork<decltype(rows), decltype(call)> work{rows, call};
    return run_grid(c, info.name, Task{nullptr, &work}, &run_rows<decltype(rows), decltype(call)>, independent);
  }
  if constexpr (Waits && !std::is_void_v<Body>) {
    if (!c.cooperative && worker.schedule == Schedule::forward && cutting()) {
      const auto rows = [&]() {
        [](Kept<P>... kept) {
          set_coarse(Body::pure);
          Body::run(current_blockIdx(), current_blockDim(), current_gridDim(), kept...);
          set_coarse(false);
        }(args...);
      };
      const RowWork<decltype(rows), decltype(call)> work{rows, call};
      const Task task{&run_thread<decltype(rows), decltype(call)>, &work};
      return run_grid(c, info.name, task, &run_cut<decltype(rows), decltype(call)>, independent);
    }
  }
#endif
  return run_call<Waits>(c, info.name, call, independent);
}

}  // namespace cuport
