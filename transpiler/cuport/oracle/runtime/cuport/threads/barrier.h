// Block barriers and fences.
#pragma once
#include "warp.h"

namespace cuport {

CUPORT_OUTLINED(CUPORT_QUIET, void, look_at_site, (Block& b, int site)) {
  if (!worker.fibers) fatal("a kernel taken for one without barriers reached one");
  if (b.arrived == 0) {
    b.barrier_site = site;
    return;
  }
  char message[120];
  snprintf(message, sizeof message, "threads of one block wait at different barriers (the other one: line %d)",
           b.barrier_site);
  report_fault(FaultKind::divergent_barrier, b.index, b.current->index, nullptr, site, message);
}

// Waits for all threads of the block that have not returned. Different `site`s meeting each other are a fault.
CUPORT_NOINLINE CUPORT_QUIET inline void plain_barrier(int site) {
  Block& b = *worker.block;
  if (CUPORT_UNLIKELY(b.barrier_site != site)) look_at_site(b, site);
  ++b.arrived;
  scheduling::wait_here(b, static_cast<unsigned>(b.current - b.thread));
}

// The same, counting those whose predicate is true: `last_count`, `last_all`, `last_any` of the block.
CUPORT_QUIET inline void counted_barrier(int predicate, int site) {
  Block& b = *worker.block;
  b.count += predicate != 0, ++b.voters;
  plain_barrier(site);
}
CUPORT_QUIET inline void block_barrier(int predicate, int site) { counted_barrier(predicate, site); }

// The grid barrier of a cooperative launch: the launch lets every block come this far before any goes on.
CUPORT_OUTLINED(CUPORT_QUIET, void, grid_barrier, ()) {
  if (!worker.fibers) fatal("a kernel taken for one without barriers reached one");
  ++worker.block->grid_waiting;
  scheduling::wait();
}

// A thread that has looked in vain this often perhaps waits for another block: its block gives way to others, if the
// launch lets them take turns (blocks.h).
struct Patience {
  unsigned looks = 0, most = 100000;
  bool in_turns = false;  // somebody will come back to this block
  bool gave_way = false;
  unsigned passes = 0;  // through loops that may wait
};
inline thread_local Patience patience;
CUPORT_OUTLINED(CUPORT_QUIET, void, give_way, (Block& b)) {
  const unsigned i = static_cast<unsigned>(b.current - b.thread);
  patience.looks = 0, patience.gave_way = true;
  scheduling::make_ready(b, i / 32, 1u << (i % 32));
  scheduling::switch_to(b, i, scheduling::kNobody);
}

// A compare-and-swap found another value: perhaps the thread spins on a lock whose holder waits for its turn. Lets the
// next thread in cyclic order run; without fibers every thread runs to its end before the next, so nobody is kept out.
CUPORT_OUTLINED(CUPORT_QUIET, void, lost_race, ()) {
  if (!worker.fibers) return;
  Block& b = *worker.block;
  if (CUPORT_UNLIKELY(++patience.looks > patience.most) && patience.in_turns) return give_way(b);
  Thread* self = b.current;
  const unsigned i = static_cast<unsigned>(self - b.thread), w = i / 32;
  // lanes that wait for whoever comes need not wait for one that looks in vain
  if (CUPORT_UNLIKELY(patience.looks % 64 == 0 && b.warp[w].relaxed != 0)) scheduling::complete_relaxed(b, w);
  for (unsigned step = 0; step <= b.warps; ++step) {
    const unsigned other = (w + step) % b.warps;
    unsigned ready = b.warp[other].ready;
    if (step == 0) ready &= ~((2u << (i % 32)) - 1u);
    if (ready == 0) continue;
    scheduling::make_ready(b, w, 1u << (i % 32));
    scheduling::go_to(b, other, __builtin_ctz(ready));
    return;
  }
}

// In a loop that looks at memory until another thread has written there (cuda/rewrite/loops/spinning.py).
inline void spinning() { lost_race(); }
// In a longer one that reads what others write: it may wait for them, so they run now and then.
CUPORT_QUIET inline void watching() {
  if (CUPORT_LIKELY(++patience.passes % 256 != 0)) return;
  if (patience.most > 256) patience.looks += 15;
  lost_race();
}

}  // namespace cuport

// Who sleeps waits for somebody, and lets the others run.
inline void __nanosleep(unsigned) { cuport::lost_race(); }

// What a counting barrier tells depends on every thread of the block.
#ifndef CUPORT_MET_BLOCK
#define CUPORT_MET_BLOCK()
#endif
inline void __syncthreads(int site = CUPORT_SITE) { cuport::plain_barrier(site); }
inline int __syncthreads_count(int p, int site = CUPORT_SITE) {
  cuport::block_barrier(p, site);
  CUPORT_MET_BLOCK();
  return cuport::worker.block->last_count;
}
inline int __syncthreads_and(int p, int site = CUPORT_SITE) {
  cuport::block_barrier(p, site);
  CUPORT_MET_BLOCK();
  return cuport::worker.block->last_all;
}
inline int __syncthreads_or(int p, int site = CUPORT_SITE) {
  cuport::block_barrier(p, site);
  CUPORT_MET_BLOCK();
  return cuport::worker.block->last_any;
}

// Everything a block writes is seen in program order here; only the compiler must not move accesses.
inline void __threadfence() { CUPORT_FENCE(); __atomic_thread_fence(__ATOMIC_SEQ_CST); }
inline void __threadfence_block() { CUPORT_FENCE(); __atomic_signal_fence(__ATOMIC_SEQ_CST); }
inline void __threadfence_system() { CUPORT_FENCE(); __atomic_thread_fence(__ATOMIC_SEQ_CST); }
