// Blocks one after the other, on one OS thread.
#pragma once
#include <setjmp.h>
#include "../host/errors.h"
#include "../host/memory.h"
#include "shared.h"

namespace cuport {

struct Config {
  dim3 grid, block;
  size_t shared;
  bool cooperative = false;
  cudaStream_t stream = nullptr;
  dim3 cluster = dim3(1, 1, 1);  // blocks that run together
};
inline Config config(dim3 grid, dim3 block, size_t shared = 0, cudaStream_t stream = nullptr) {
  return Config{grid, block, shared, false, stream};
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
  uint64_t at = 0, end = 0;         // the block that runs, in the order of the schedule; where its range ends
  volatile bool coarse = false;     // it is not known which thread runs, nor perhaps which block of the range
  bool exact = false;               // threads run one by one, so that it is
};
inline thread_local LaunchState launch_state;

// Runs the current block, or the whole range from it on, of a kernel whose threads do not wait. Gives how many blocks.
using Rows = uint64_t (*)(const void* args);

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

// A block that spins on what another has still to do has given way: the next ones begin beside it, and all take turns.
// `next`: the first that has not begun.
CUPORT_OUTLINED(CUPORT_QUIET, void, run_in_turns, (const Config& c, const Task& task, const BlockOrder& order, uint64_t next, uint64_t to, Block& first)) {
  struct Place {
    Block* block;
    SharedArena arena;
  };
  const unsigned threads = c.block.x * c.block.y * c.block.z;
  const unsigned most = threads < 32 ? 1024 : 32768 / threads;  // stacks are address space, which a program has a limit of
  auto* place = static_cast<Place*>(calloc(most, sizeof(Place)));
  if (place == nullptr) fatal("no memory for blocks that wait for each other");
  place[0].block = &first;
  patience.most = 256;
  unsigned used = 1;
  uint64_t running = 1;
  for (unsigned at = 1; running != 0; ++at) {
    if (at >= most || (at >= used && next >= to)) at = 0;
    Place& p = place[at];
    const bool begun = p.block != nullptr && p.block->live != 0;
    if (!begun) {
      if (next >= to) continue;
      if (p.block == nullptr) {
        p.block = static_cast<Block*>(calloc(1, sizeof(Block)));
        if (p.block == nullptr) fatal("no memory for a block");
        p.arena.fit(shared_total(c.shared));
        p.block->shared = p.arena.base;
        p.block->barrier_site = -1;
        used = at + 1;
      }
      shape_block(*p.block, c.block);
      launch_state.at = next;
      open_block(*p.block, task, block_index(order.at(next++), c.grid), threads);
      if (launch_state.poison_shared) DeviceMemory::poison(p.block->shared, shared_total(c.shared));
      ++running;
    }
    shared_base = p.block->shared;
    blockIdx = p.block->index;
    CUPORT_BLOCK_BEGIN(c.shared, begun);
    patience.gave_way = false;
    if (run_block(*p.block)) {
      --running;
    } else if (!patience.gave_way) {
      report_fault(FaultKind::deadlock, p.block->index, p.block->current->index, nullptr, p.block->current->site,
                   "a grid barrier in a launch that is not cooperative");
      launch_state.failure = cudaErrorLaunchFailure;
      siglongjmp(launch_state.escape, 1);
    }
  }
  for (unsigned i = 1; i < used; ++i) {
    munmap(place[i].arena.base, place[i].arena.bytes);
    free(place[i].block);
  }
  free(place);
}

// Blocks `from` to `to` in the order of the schedule.
CUPORT_OUTLINED(CUPORT_QUIET, void, run_range, (const Config& c, const Task& task, Rows rows, const BlockOrder& order, uint64_t from, uint64_t to)) {
  static thread_local Block* block = static_cast<Block*>(calloc(1, sizeof(Block)));
  static thread_local SharedArena arena;
  if (block == nullptr) fatal("no memory for a block");
  arena.fit(shared_total(c.shared));
  shared_dynamic_bytes = c.shared;
  shared_base = block->shared = arena.base;
  const unsigned threads = c.block.x * c.block.y * c.block.z;
  shape_block(*block, c.block);
  block->barrier_site = -1;
  launch_state.end = to;
  patience = Patience{0, 100000, true, false};
  for (uint64_t i = from; i < to;) {
    launch_state.at = i;
    blockIdx = block_index(order.at(i), c.grid);
    if (launch_state.poison_shared) DeviceMemory::poison(arena.base, shared_total(c.shared));
    CUPORT_BLOCK_BEGIN(c.shared, false);
    if (rows != nullptr) {
      block->index = blockIdx;
      worker.block = block;
      i += rows(task.args);
      continue;
    }
    ++i;
    open_block(*block, task, blockIdx, threads);
    patience.gave_way = false;
    if (!run_block(*block)) {
      if (patience.gave_way) {
        run_in_turns(c, task, order, i, to, *block);
        break;
      }
      report_fault(FaultKind::deadlock, block->index, block->current->index, nullptr, block->current->site,
                   "a grid barrier in a launch that is not cooperative");
      launch_state.failure = cudaErrorLaunchFailure;
      siglongjmp(launch_state.escape, 1);
    }
  }
}

// What the running OS thread knows of a launch.
CUPORT_QUIET inline void enter(const Config& c, const char* name, Rows rows) {
  gridDim = c.grid;
  blockDim = c.block;
  worker.fibers = rows == nullptr;
  launch_state.kernel = name;
  launch_state.failure = 0;
  launch_state.why[0] = 0;
}

// The same, stopped by what goes wrong inside: `failure`, `why` and `at` of launch_state tell.
CUPORT_OUTLINED(CUPORT_QUIET, void, run_guarded, (const Config& c, const char* name, const Task& task, Rows rows, const BlockOrder& order, uint64_t from,
                        uint64_t to)) {
  enter(c, name, rows);
  if (sigsetjmp(launch_state.escape, 0) == 0) {
    launch_state.in_kernel = true;
    run_range(c, task, rows, order, from, to);
  } else {
    worker.stacks.reset();
  }
  if (launch_state.coarse) {  // the threads again one by one, to find the one at fault
    launch_state.coarse = false, launch_state.exact = true;
    const Rows again = task.thread != nullptr ? nullptr : rows;  // a kernel that was cut runs in fibers
    worker.fibers = again == nullptr;
    if (sigsetjmp(launch_state.escape, 0) == 0) run_range(c, task, again, order, launch_state.at, launch_state.end);
    launch_state.exact = false;
    if (launch_state.failure == 0) launch_state.failure = cudaErrorIllegalAddress;
  }
  launch_state.in_kernel = false;
}

}  // namespace cuport
