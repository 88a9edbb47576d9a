// Running a grid: its configuration is checked as a driver does, its blocks run one after the other, and a crash inside a
// kernel becomes the error code that a host would see.
#pragma once
#include <setjmp.h>
#include "errors.h"
#include "memory.h"
#include "shared.h"

namespace cuport {

struct Config {
  dim3 grid, block;
  size_t shared;
  bool cooperative = false;
  cudaStream_t stream = nullptr;
};
inline Config config(dim3 grid, dim3 block, size_t shared = 0, cudaStream_t stream = nullptr) {
  return Config{grid, block, shared, false, stream};
}

// Per-kernel attributes that change what a launch may ask for.
struct KernelAttributes {
  const void* kernel;
  size_t dynamic_limit;
};
inline KernelAttributes kernel_attributes[256];
inline int kernel_attribute_count = 0;
inline KernelAttributes* attributes_of(const void* kernel, bool make) {
  for (int i = 0; i < kernel_attribute_count; ++i) {
    if (kernel_attributes[i].kernel == kernel) return &kernel_attributes[i];
  }
  if (!make || kernel_attribute_count == 256) return nullptr;
  kernel_attributes[kernel_attribute_count] = KernelAttributes{kernel, kSharedLimit};
  return &kernel_attributes[kernel_attribute_count++];
}

inline cudaError_t check_config(const Config& c, const void* kernel) {
  const auto& g = c.grid;
  const auto& b = c.block;
  const uint64_t threads = uint64_t{b.x} * b.y * b.z;
  if (g.x == 0 || g.y == 0 || g.z == 0 || threads == 0) return cudaErrorInvalidConfiguration;
  if (threads > 1024 || b.x > 1024 || b.y > 1024 || b.z > 64) return cudaErrorInvalidConfiguration;
  if (g.x > 0x7FFFFFFFu || g.y > 65535 || g.z > 65535) return cudaErrorInvalidConfiguration;
  const KernelAttributes* a = attributes_of(kernel, false);
  if (c.shared > (a == nullptr ? kSharedLimit : a->dynamic_limit)) return cudaErrorInvalidValue;
  return cudaSuccess;
}

// The memory that shared variables of one resident block live in.
struct SharedArena {
  char* base = nullptr;
  size_t bytes = 0;
  CUPORT_QUIET void fit(size_t need) {
    if (need <= bytes) return;
    if (base != nullptr) munmap(base, bytes);
    void* at = mmap(nullptr, need, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) fatal("no memory for a block's shared memory");
    base = static_cast<char*>(at), bytes = need;
    DeviceMemory::poison(base, bytes);
  }
};

struct LaunchState {
  sigjmp_buf escape;                // back to the host when a kernel stops
  volatile bool in_kernel = false;
  const char* kernel = "";
  int failure = 0;                  // cudaError_t of the launch that is running
  char why[200] = "";               // the same in words
  bool poison_shared = false;       // for every block anew
  bool report = true;               // tell a person on stderr why a kernel stopped
  bool coarse = false;              // it is not known which thread of the block runs
  bool exact = false;               // threads run one by one, so that it is
};
inline thread_local LaunchState launch_state;

using Rows = void (*)(const void* args);

// Where a block stands in the order of the schedule.
struct BlockOrder {
  uint64_t total, multiplier = 1, offset = 0;
  Schedule schedule;
  CUPORT_QUIET explicit BlockOrder(uint64_t n) : total(n), schedule(worker.schedule) {
    if (schedule != Schedule::random || n < 2) return;
    offset = (uint64_t{worker.draw(0x7FFFFFFF)} << 31 | worker.draw(0x7FFFFFFF)) % n;
    for (;;) {  // an affine map with a multiplier prime to n visits each block once
      multiplier = 1 + worker.draw(static_cast<unsigned>(n < 0x7FFFFFFF ? n : 0x7FFFFFFF));
      uint64_t a = multiplier, b = n;
      while (b != 0) {
        const uint64_t rest = a % b;
        a = b, b = rest;
      }
      if (a == 1) return;
    }
  }
  CUPORT_QUIET uint64_t at(uint64_t i) const {
    if (schedule == Schedule::forward) return i;
    if (schedule == Schedule::reverse) return total - 1 - i;
    return static_cast<uint64_t>((static_cast<unsigned __int128>(i) * multiplier + offset) % total);
  }
};

CUPORT_QUIET inline uint3 block_index(uint64_t i, dim3 grid) {
  return uint3{static_cast<unsigned>(i % grid.x), static_cast<unsigned>(i / grid.x % grid.y),
               static_cast<unsigned>(i / grid.x / grid.y)};
}

CUPORT_QUIET inline void run_blocks(const Config& c, const Task& task, Rows rows) {
  static thread_local Block* block = static_cast<Block*>(calloc(1, sizeof(Block)));
  static thread_local SharedArena arena;
  if (block == nullptr) fatal("no memory for a block");
  arena.fit(shared_total(c.shared));
  shared_dynamic_bytes = c.shared;
  shared_base = block->shared = arena.base;
  const unsigned threads = c.block.x * c.block.y * c.block.z;
  shape_block(*block, c.block);
  block->barrier_site = -1;
  const BlockOrder order(uint64_t{c.grid.x} * c.grid.y * c.grid.z);
  for (uint64_t i = 0; i < order.total; ++i) {
    blockIdx = block_index(order.at(i), c.grid);
    if (launch_state.poison_shared) DeviceMemory::poison(arena.base, shared_total(c.shared));
    CUPORT_BLOCK_BEGIN(c.shared, false);
    if (rows != nullptr) {
      block->index = blockIdx;
      worker.block = block;
      rows(task.args);
    } else {
      open_block(*block, task, blockIdx, threads);
      if (!run_block(*block)) {
        report_fault(FaultKind::deadlock, block->index, block->current->index, nullptr, 0,
                     "a grid barrier in a launch that is not cooperative");
        launch_state.failure = cudaErrorLaunchFailure;
        siglongjmp(launch_state.escape, 1);
      }
    }
  }
}

// All blocks resident: each runs until its threads have returned or wait at the grid barrier.
CUPORT_QUIET inline void run_cooperative(const Config& c, const Task& task) {
  const uint64_t blocks = uint64_t{c.grid.x} * c.grid.y * c.grid.z;
  const unsigned threads = c.block.x * c.block.y * c.block.z;
  auto* all = static_cast<Block*>(calloc(blocks, sizeof(Block)));
  auto* arenas = static_cast<SharedArena*>(calloc(blocks, sizeof(SharedArena)));
  shared_dynamic_bytes = c.shared;
  if (all == nullptr || arenas == nullptr) fatal("no memory for the blocks of a cooperative launch");
  for (uint64_t i = 0; i < blocks; ++i) {
    arenas[i].fit(shared_total(c.shared));
    all[i].shared = arenas[i].base;
    shape_block(all[i], c.block);
    open_block(all[i], task, block_index(i, c.grid), threads);
  }
  const BlockOrder order(blocks);
  for (bool more = true, again = false; more; again = true) {
    more = false;
    bool stuck = true;
    for (uint64_t i = 0; i < blocks; ++i) {
      Block& b = all[order.at(i)];
      if (b.live == 0) continue;
      shared_base = b.shared;
      blockIdx = b.index;
      (void)again;
      CUPORT_BLOCK_BEGIN(c.shared, again);
      more |= !run_block(b);
      if (b.live == 0 || b.grid_waiting == b.live) stuck = false;
    }
    if (more && stuck) {
      launch_state.failure = cudaErrorLaunchFailure;
      siglongjmp(launch_state.escape, 1);
    }
    CUPORT_GRID_SYNCHRONISED();
    for (uint64_t i = 0; i < blocks; ++i) {
      if (all[i].live == 0 || all[i].grid_waiting != all[i].live) continue;
      all[i].grid_waiting = 0;
      for (unsigned w = 0; w < all[i].warps; ++w) scheduling::make_ready(all[i], w, all[i].warp[w].live);
    }
  }
  for (uint64_t i = 0; i < blocks; ++i) munmap(arenas[i].base, arenas[i].bytes);
  free(arenas);
  free(all);
}

// Runs a grid whose configuration was checked. Returns what went wrong inside.
CUPORT_NOINLINE CUPORT_QUIET inline cudaError_t run_grid(const Config& c, const char* name, const Task& task, Rows rows) {
  gridDim = c.grid;
  blockDim = c.block;
  worker.fibers = rows == nullptr;
  launch_state.kernel = name;
  launch_state.failure = 0;
  launch_state.why[0] = 0;
  CUPORT_LAUNCH_BEGIN();
  if (sigsetjmp(launch_state.escape, 0) == 0) {
    launch_state.in_kernel = true;
    if (c.cooperative && rows == nullptr) run_cooperative(c, task); else run_blocks(c, task, rows);
  } else {
    worker.stacks.reset();
  }
  if (launch_state.coarse && rows != nullptr) {  // the block's threads again, to find the one at fault
    launch_state.coarse = false, launch_state.exact = true;
    if (sigsetjmp(launch_state.escape, 0) == 0) rows(task.args);
    launch_state.exact = false;
    if (launch_state.failure == 0) launch_state.failure = cudaErrorIllegalAddress;
  }
  launch_state.in_kernel = false;
  CUPORT_LAUNCH_END();
  return static_cast<cudaError_t>(launch_state.failure);
}

// All threads of the current block, one after the other, inlined into one loop.
template <class Call>
CUPORT_QUIET void straight_rows(const void* args) {
  const Call& call = *static_cast<const Call*>(args);
  dim3 n = current_blockDim();
  if (CUPORT_LIKELY(worker.schedule == Schedule::forward)) {
    for (unsigned z = 0; z < n.z; ++z) {
      for (unsigned y = 0; y < n.y; ++y) {
        for (unsigned x = 0; x < n.x; ++x) {
          threadIdx = uint3{x, y, z};
          CUPORT_THREAD_BEGIN();
          call();
        }
      }
    }
    return;
  }
  const BlockOrder order(uint64_t{n.x} * n.y * n.z);
  for (uint64_t i = 0; i < order.total; ++i) {
    threadIdx = block_index(order.at(i), n);
    CUPORT_THREAD_BEGIN();
    call();
  }
}

template <class Call>
void one_thread(const void* args) {
  (*static_cast<const Call*>(args))();
}

// `Waits`: threads of this kernel may wait for each other and need fibers.
template <bool Waits, class Call>
inline cudaError_t run_call(const Config& c, const char* name, const Call& call) {
  if constexpr (Waits) {
    return run_grid(c, name, Task{&one_thread<Call>, &call}, nullptr);
  } else {
    return run_grid(c, name, Task{nullptr, &call}, &straight_rows<Call>);
  }
}

// CUPORT_SCHEDULE and CUPORT_SEED choose the order of blocks and threads of a whole program.
__attribute__((constructor)) inline void read_schedule() {
  const char* schedule = getenv("CUPORT_SCHEDULE");
  const char* seed = getenv("CUPORT_SEED");
  if (schedule != nullptr && strcmp(schedule, "reverse") == 0) worker.schedule = Schedule::reverse;
  if (schedule != nullptr && strcmp(schedule, "random") == 0) worker.schedule = Schedule::random;
  if (seed != nullptr) worker.random = (strtoull(seed, nullptr, 10) + 1) * 0x9E3779B97F4A7C15u;
}

}  // namespace cuport
