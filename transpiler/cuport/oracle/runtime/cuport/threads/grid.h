// Running a grid: its configuration is checked as a driver does, and a crash inside a kernel becomes the error code that a
// host would see.
#pragma once
#include "jobs.h"
#ifdef CUPORT_CHILDREN
#include "../children.h"
#endif

namespace cuport {

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

CUPORT_OUTLINED(, cudaError_t, check_config, (const Config& c, const void* kernel)) {
  const auto& g = c.grid;
  const auto& b = c.block;
  const uint64_t threads = uint64_t{b.x} * b.y * b.z;
  if (g.x == 0 || g.y == 0 || g.z == 0 || threads == 0) return cudaErrorInvalidConfiguration;
  if (threads > 1024 || b.x > 1024 || b.y > 1024 || b.z > 64) return cudaErrorInvalidConfiguration;
  if (g.x > 0x7FFFFFFFu || g.y > 65535 || g.z > 65535) return cudaErrorInvalidConfiguration;
  if (g.x % c.cluster.x != 0 || g.y % c.cluster.y != 0 || g.z % c.cluster.z != 0) return cudaErrorInvalidClusterSize;
  if (c.cluster.x * c.cluster.y * c.cluster.z > 16) return cudaErrorInvalidClusterSize;
  const KernelAttributes* a = attributes_of(kernel, false);
  if (c.shared > (a == nullptr ? kSharedLimit : a->dynamic_limit)) return cudaErrorInvalidValue;
  return cudaSuccess;
}

// Blocks of a launch that are resident together: the whole grid, or one cluster.
struct Residents {
  Block* first = nullptr;
  bool by_rank = false;  // of a cluster, in the order of their ranks; else in that of the grid
  dim3 cluster = dim3(1, 1, 1);
};
inline thread_local Residents residents;

CUPORT_QUIET inline unsigned cluster_blocks(const dim3& c) { return c.x * c.y * c.z; }
// The index of a cluster's block.
CUPORT_QUIET inline uint3 cluster_member(const Config& c, uint64_t cluster, unsigned rank) {
  const dim3& n = c.cluster;
  const uint3 at = block_index(cluster, dim3(c.grid.x / n.x, c.grid.y / n.y, c.grid.z / n.z));
  return uint3{at.x * n.x + rank % n.x, at.y * n.y + rank / n.x % n.y, at.z * n.z + rank / n.x / n.y};
}

// Each block runs until its threads have returned or wait at the barrier of all.
CUPORT_QUIET inline void run_residents(const Config& c, Block* all, uint64_t blocks) {
  const BlockOrder order(blocks);
  patience = Patience{0, 1000, true, false};
  for (bool more = true, again = false; more; again = true) {
    more = false;
    bool stuck = true, spinning = false;
    for (uint64_t i = 0; i < blocks; ++i) {
      Block& b = all[order.at(i)];
      if (b.live == 0) continue;
      shared_base = b.shared;
      blockIdx = b.index;
      (void)again;
      CUPORT_BLOCK_BEGIN(c.shared, again);
      patience.gave_way = false;
      more |= !run_block(b);
      spinning |= patience.gave_way;
      if (b.live == 0 || b.grid_waiting == b.live || patience.gave_way) stuck = false;
    }
    if (more && stuck) {
      launch_state.failure = cudaErrorLaunchFailure;
      siglongjmp(launch_state.escape, 1);
    }
    if (spinning) continue;  // they have not come to the barrier of all yet
    CUPORT_GRID_SYNCHRONISED();
    for (uint64_t i = 0; i < blocks; ++i) {
      if (all[i].live == 0 || all[i].grid_waiting != all[i].live) continue;
      all[i].grid_waiting = 0;
      for (unsigned w = 0; w < all[i].warps; ++w) scheduling::make_ready(all[i], w, all[i].warp[w].live);
    }
  }
}

// All blocks of a cooperative launch at once; else cluster after cluster.
CUPORT_OUTLINED(CUPORT_QUIET, void, run_cooperative, (const Config& c, const Task& task)) {
  const uint64_t total = uint64_t{c.grid.x} * c.grid.y * c.grid.z, blocks = c.cooperative ? total : cluster_blocks(c.cluster);
  const unsigned threads = c.block.x * c.block.y * c.block.z;
  auto* all = static_cast<Block*>(calloc(blocks, sizeof(Block)));
  auto* arenas = static_cast<SharedArena*>(calloc(blocks, sizeof(SharedArena)));
  shared_dynamic_bytes = c.shared;
  if (all == nullptr || arenas == nullptr) fatal("no memory for the blocks of a cooperative launch");
  for (uint64_t i = 0; i < blocks; ++i) arenas[i].fit(shared_total(c.shared));
  residents.first = all, residents.by_rank = !c.cooperative;
  for (uint64_t group = 0; group < total / blocks; ++group) {
    for (uint64_t i = 0; i < blocks; ++i) {
      all[i].shared = arenas[i].base;
      shape_block(all[i], c.block);
      open_block(all[i], task, c.cooperative ? block_index(i, c.grid) : cluster_member(c, group, static_cast<unsigned>(i)), threads);
    }
    run_residents(c, all, blocks);
  }
  for (uint64_t i = 0; i < blocks; ++i) munmap(arenas[i].base, arenas[i].bytes);
  free(arenas);
  free(all);
}

// Runs a grid whose configuration was checked. Returns what went wrong inside.
CUPORT_OUTLINED(CUPORT_QUIET, cudaError_t, run_grid, (const Config& c, const char* name, const Task& task, Rows rows,
                                                         bool independent = false)) {
  enter(c, name, rows);
  CUPORT_LAUNCH_BEGIN();
  residents.cluster = c.cluster;
  if ((!c.cooperative && cluster_blocks(c.cluster) == 1) || rows != nullptr) {
    run_blocks(c, name, task, rows, independent);
  } else if (sigsetjmp(launch_state.escape, 0) == 0) {
    launch_state.in_kernel = true;
    run_cooperative(c, task);
  } else {
    worker.stacks.reset();
  }
  launch_state.in_kernel = false;
  CUPORT_LAUNCH_END();
#ifdef CUPORT_CHILDREN
  return run_children(static_cast<cudaError_t>(launch_state.failure));
#else
  return static_cast<cudaError_t>(launch_state.failure);
#endif
}

// `threadIdx`, stored in the pieces in which it is loaded again: processors stall on others.
CUPORT_QUIET inline void be_thread(unsigned x, unsigned y, unsigned z) {
  const uint64_t row = x | static_cast<uint64_t>(y) << 32;
  __builtin_memcpy(static_cast<void*>(&threadIdx), &row, 8);
  threadIdx.z = z;
  asm volatile("" ::: "memory");  // a signal handler may look at it
}

// All threads of the current block, one after the other, inlined into one loop.
template <class Call>
CUPORT_QUIET uint64_t straight_rows(const void* args) {
  const Call& call = *static_cast<const Call*>(args);
  dim3 n = current_blockDim();
  if (CUPORT_LIKELY(worker.schedule == Schedule::forward)) {
    for (unsigned z = 0; z < n.z; ++z) {
      for (unsigned y = 0; y < n.y; ++y) {
        for (unsigned x = 0; x < n.x; ++x) {
          be_thread(x, y, z);
          CUPORT_THREAD_BEGIN();
          call();
        }
      }
    }
    return 1;
  }
  const BlockOrder order(uint64_t{n.x} * n.y * n.z);
  for (uint64_t i = 0; i < order.total; ++i) {
    threadIdx = block_index(order.at(i), n);
    CUPORT_THREAD_BEGIN();
    call();
  }
  return 1;
}

template <class Call>
void one_thread(const void* args) {
  (*static_cast<const Call*>(args))();
}

// `Waits`: threads of this kernel may wait for each other and need fibers.
template <bool Waits, class Call>
inline cudaError_t run_call(const Config& c, const char* name, const Call& call, bool independent = false) {
  if constexpr (Waits) {
    return run_grid(c, name, Task{&one_thread<Call>, &call}, nullptr, independent);
  } else {
    return run_grid(c, name, Task{nullptr, &call}, &straight_rows<Call>, independent);
  }
}

// CUPORT_SCHEDULE and CUPORT_SEED choose the order of blocks and threads of a whole program.
CUPORT_OUTLINED(__attribute__((constructor)), void, read_schedule, ()) {
  const char* schedule = getenv("CUPORT_SCHEDULE");
  const char* seed = getenv("CUPORT_SEED");
  if (schedule != nullptr && strcmp(schedule, "reverse") == 0) worker.schedule = Schedule::reverse;
  if (schedule != nullptr && strcmp(schedule, "random") == 0) worker.schedule = Schedule::random;
  if (seed != nullptr) worker.random = (strtoull(seed, nullptr, 10) + 1) * 0x9E3779B97F4A7C15u;
}

}  // namespace cuport
