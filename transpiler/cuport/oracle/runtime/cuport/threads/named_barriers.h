// Barriers of a block by number, for some of its threads: bar.sync 1, 64.
//
// Threads are counted one by one (hardware counts warps). Nothing is kept of a block whose barriers all completed, so the
// counts can stay with the place where blocks run.
#pragma once
#include "barrier.h"

namespace cuport {

struct NamedBarriers {
  struct One {
    unsigned arrived, waiting[32];
    int count, all, any;        // of the predicates so far
    int last_count, last_all, last_any;
  };
  Block* block;
  NamedBarriers* next;
  One one[16];
};
inline thread_local NamedBarriers* named_barriers = nullptr;

CUPORT_QUIET inline NamedBarriers::One& named_barrier(unsigned number) {
  Block* b = worker.block;
  for (NamedBarriers* n = named_barriers; n != nullptr; n = n->next) {
    if (n->block == b) return n->one[number & 15u];
  }
  auto* made = static_cast<NamedBarriers*>(calloc(1, sizeof(NamedBarriers)));
  if (made == nullptr) fatal("no memory for named barriers");
  made->block = b, made->next = named_barriers;
  for (auto& one : made->one) one.all = 1;
  named_barriers = made;
  return made->one[number & 15u];
}

// Counts one of `threads` (0: the whole block) at a barrier; `wait` for the others, or go on.
CUPORT_NOINLINE CUPORT_QUIET inline NamedBarriers::One& meet_at(unsigned number, unsigned threads, bool predicate, bool wait) {
  if (!worker.fibers) fatal("a kernel taken for one without barriers reached one");
  Block& b = *worker.block;
  NamedBarriers::One& one = named_barrier(number);
  const unsigned i = static_cast<unsigned>(b.current - b.thread);
  one.count += predicate, one.all &= predicate, one.any |= predicate;
  const unsigned need = threads == 0 || threads > b.live ? b.live : threads;
  CUPORT_ARRIVE(&one);
  if (++one.arrived >= need) {
    one.arrived = 0;
    one.last_count = one.count, one.last_all = one.all, one.last_any = one.any;
    one.count = 0, one.all = 1, one.any = 0;
    for (unsigned w = 0; w < b.warps; ++w) {
      if (one.waiting[w] != 0) scheduling::make_ready(b, w, one.waiting[w]);
      one.waiting[w] = 0;
    }
    CUPORT_SYNCHRONISED();
  } else if (wait) {
    one.waiting[i / 32] |= 1u << (i % 32);
    scheduling::wait();
  }
  if (wait) CUPORT_AWAITED(&one);
  return one;
}

// Barrier 0 of all threads is the one that __syncthreads() waits at.
CUPORT_QUIET inline void barrier_sync(unsigned number, unsigned threads, int site) {
  if (number == 0 && (threads == 0 || threads == worker.block->threads)) block_barrier(0, site);
  else meet_at(number, threads, false, true);
}
CUPORT_QUIET inline void barrier_arrive(unsigned number, unsigned threads) { meet_at(number, threads, false, false); }

}  // namespace cuport
