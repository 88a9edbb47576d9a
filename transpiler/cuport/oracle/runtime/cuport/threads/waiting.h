// Waiting inside a block for anything that other threads bring about: barriers of some of its threads, barrier objects in
// shared memory, flags. The thread lets the others run until a condition holds.
#pragma once
#include <sched.h>
#include "barrier.h"
#include "../host/signals.h"

namespace cuport {

constexpr unsigned kMostFruitless = 16u << 20;  // looks in a row, of all threads of a block, that found nothing
inline thread_local unsigned fruitless = 0;
inline thread_local time_t fruitless_since = 0;

// `own_block`: only threads of this block can bring it about; else other blocks may on another processor, and have a minute.
template <class Done>
CUPORT_QUIET inline void wait_until(const Done& done, const char* what, bool own_block = true) {
  if (done()) {
    fruitless = 0;
    return;
  }
  if (!worker.fibers) fatal("a kernel taken for one without barriers reached one");
  for (unsigned own = 1;; ++own) {
    lost_race();
    if (done()) {
      fruitless = 0, fruitless_since = 0;
      return;
    }
    if (own % 64 == 0) {  // lanes of this warp that wait for whoever comes need not wait for us
      Block& b = *worker.block;
      const unsigned w = static_cast<unsigned>(b.current - b.thread) / 32;
      if (b.warp[w].relaxed != 0) scheduling::complete_relaxed(b, w);
      if (!own_block) sched_yield();
    }
    if (++fruitless > kMostFruitless) {
      fruitless = 0;
      const time_t now = time(nullptr);
      if (fruitless_since == 0) fruitless_since = now;
      if (own_block || now - fruitless_since > 60) {
        fruitless_since = 0;
        leave_kernel(cudaErrorLaunchTimeout, what);
      }
    }
  }
}

// Threads in [first, first + count) of the block that have not returned; both are multiples of 32.
CUPORT_QUIET inline unsigned live_threads(const Block& b, unsigned first, unsigned count) {
  unsigned live = 0;
  for (unsigned w = first / 32; w < (first + count) / 32 && w < b.warps; ++w) live += static_cast<unsigned>(__builtin_popcount(b.warp[w].live));
  return live;
}

// Tiles of 64 to 1024 threads: who has arrived, and with what.
struct TileBarriers {
  const Block* block;
  struct {
    unsigned arrived, phase;
  } at[5][16];
  void* operand[1024];
};
CUPORT_NOINLINE CUPORT_QUIET inline TileBarriers& tile_barriers(const Block& b) {
  static thread_local TileBarriers** list = nullptr;
  static thread_local unsigned count = 0;
  for (unsigned i = 0; i < count; ++i) {
    if (list[i]->block == &b) return *list[i];
  }
  list = static_cast<TileBarriers**>(realloc(list, (count + 1) * sizeof *list));
  auto* made = static_cast<TileBarriers*>(calloc(1, sizeof(TileBarriers)));
  if (list == nullptr || made == nullptr) fatal("no memory for the barriers of a block");
  made->block = &b;
  return *(list[count++] = made);
}

// What the last to come does for all: `operands` of those that came, in the order of their ranks.
using TileMeeting = void (*)(void** operands, unsigned count);

// Meets the threads of the own tile of `size` threads.
CUPORT_NOINLINE CUPORT_QUIET inline void meet_tile(unsigned size, void* operand, TileMeeting meeting, int site) {
  if (!worker.fibers) fatal("a kernel taken for one without barriers reached one");
  Block& b = *worker.block;
  TileBarriers& all = tile_barriers(b);
  const unsigned self = linear_thread(), first = self / size * size;
  auto& mine = all.at[__builtin_ctz(size) - 6][self / size];
  const unsigned phase = mine.phase;
  all.operand[self] = operand;
  ++mine.arrived;
  CUPORT_ARRIVE(&mine.phase);
  (void)site;
  wait_until(
      [&]() CUPORT_QUIET {
        if (mine.phase != phase) return true;
        if (mine.arrived < live_threads(b, first, size)) return false;
        void* operands[1024];
        unsigned n = 0;
        for (unsigned i = first; i < first + size && i < b.threads; ++i) {
          if (all.operand[i] != nullptr) operands[n++] = all.operand[i];
          all.operand[i] = nullptr;
        }
        mine.arrived = 0, ++mine.phase;
        if (meeting != nullptr) meeting(operands, n);
        return true;
      },
      "threads of a tile wait for one that waits elsewhere");
  CUPORT_AWAITED(&mine.phase);
}

}  // namespace cuport
