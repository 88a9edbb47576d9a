// The threads of a block and who of them runs next.
//
// A thread begins on whatever fiber is free and needs one of its own only once it waits: a kernel that never waits runs
// all its threads on one stack. Runnable lanes are a bit mask a warp, warps with runnable lanes a bit mask a block, so
// that choosing is two bit scans. A thread waits at a block barrier, in a warp operation, or at the grid barrier.
#pragma once
#include "fault.h"
#include "fiber.h"
#include "vectors.h"

// The built-in variables of the running thread. Device functions hold local copies of their own (cuda/rewrite), which
// the optimiser can keep in registers.
inline __thread uint3 threadIdx = {0, 0, 0};
inline __thread uint3 blockIdx = {0, 0, 0};
inline __thread dim3 blockDim = dim3(1, 1, 1);
inline __thread dim3 gridDim = dim3(1, 1, 1);
constexpr int warpSize = 32;

namespace cuport {

// What the local copies are made from. Functions, because g++ 12 takes `const uint3 threadIdx = ::threadIdx` for the
// variable's initial value in some translation units.
CUPORT_QUIET inline uint3 current_threadIdx() { return threadIdx; }
CUPORT_QUIET inline uint3 current_blockIdx() { return blockIdx; }
CUPORT_QUIET inline dim3 current_blockDim() { return blockDim; }
CUPORT_QUIET inline dim3 current_gridDim() { return gridDim; }

enum class Schedule { forward, reverse, random };

// What a warp operation does once all its lanes have come: reads and writes the operands, indexed by lane.
using Meeting = void (*)(void** operands, unsigned lanes);

struct Thread {
  void* sp;         // where it stopped
  char* stack;      // top of the stack it runs on
  uint3 index;
  void* operand;    // of the warp operation it waits in
  Meeting meeting;
  unsigned mask;    // lanes it waits for; 0: whoever comes
  int site;         // its line in the user's file
  unsigned met;     // the warp's `meetings` when it last took part in an operation
#ifdef CUPORT_THREAD_STATE
  CUPORT_THREAD_STATE state;
#endif
};

struct Warp {
  unsigned live;     // begun or not, but not yet returned
  unsigned ready;    // can run and does not run now
  unsigned begun;
  unsigned waiting;  // in a warp operation
  unsigned relaxed;  // those of `waiting` that wait for whoever comes
  unsigned meetings;  // operations finished
};

struct Task {
  void (*thread)(const void* args);  // runs one thread
  const void* args;
};

struct Block {
  Task task;
  uint3 index;
  unsigned threads, live, warps;
  unsigned ready_warps;
  unsigned arrived;      // at the block barrier
  unsigned grid_waiting;  // at the grid barrier
  int barrier_site;
  int count, all, any;   // of the predicates seen so far
  int last_count, last_all, last_any;
  unsigned epoch;        // counts block barriers passed
  Thread* current;
  void* host;            // where `run` was called
  char* shared;          // shared memory of this block
  Warp warp[32];
  Thread thread[1024];
};

struct Worker {
  StackPool stacks;
  Block* block = nullptr;
  Schedule schedule = Schedule::forward;
  uint64_t random = 0x9E3779B97F4A7C15u;
  bool fibers = false;  // whether threads may wait

  unsigned draw(unsigned below) {  // xorshift64*
    random ^= random >> 12, random ^= random << 25, random ^= random >> 27;
    return static_cast<unsigned>(((random * 0x2545F4914F6CDD1Du) >> 32) * below >> 32);
  }
};
inline thread_local Worker worker;

#ifdef CUPORT_THREAD_STATE
inline CUPORT_THREAD_STATE& thread_state() {
  Block& b = *worker.block;
  return b.thread[threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z)].state;
}
#endif

namespace scheduling {

inline int choose(unsigned set) {
  switch (worker.schedule) {
    case Schedule::forward:
      return __builtin_ctz(set);
    case Schedule::reverse:
      return 31 - __builtin_clz(set);
    default:
      for (unsigned skip = worker.draw(static_cast<unsigned>(__builtin_popcount(set))); skip != 0; --skip) set &= set - 1;
      return __builtin_ctz(set);
  }
}

inline void make_ready(Block& b, unsigned w, unsigned lanes) {
  b.warp[w].ready |= lanes;
  if (b.warp[w].ready != 0) b.ready_warps |= 1u << w;
}

CUPORT_QUIET inline void complete(Block& b, unsigned w, unsigned lanes) {
  void* operands[32];
  Thread* thread = b.thread + w * 32;
  for (unsigned rest = lanes; rest != 0; rest &= rest - 1) {
    const int lane = __builtin_ctz(rest);
    operands[lane] = thread[lane].operand;
    thread[lane].met = b.warp[w].meetings + 1;
  }
  ++b.warp[w].meetings;
  thread[__builtin_ctz(lanes)].meeting(operands, lanes);
  b.warp[w].waiting &= ~lanes;
  b.warp[w].relaxed &= ~lanes;
  make_ready(b, w, lanes);
}

// The waiting lanes that do the same as `lane`: same operation and mask; relaxed ones also at the same place.
inline unsigned companions(Block& b, unsigned w, int lane) {
  const Thread* thread = b.thread + w * 32;
  unsigned same = 0;
  for (unsigned rest = b.warp[w].waiting; rest != 0; rest &= rest - 1) {
    const int other = __builtin_ctz(rest);
    if (thread[other].meeting == thread[lane].meeting && thread[other].mask == thread[lane].mask &&
        (thread[lane].mask != 0 || thread[other].site == thread[lane].site)) {
      same |= 1u << other;
    }
  }
  return same;
}

// Completes what waits for whoever comes: nobody else of the warp can come now.
inline void complete_relaxed(Block& b, unsigned w) {
  while (b.warp[w].relaxed != 0) complete(b, w, companions(b, w, __builtin_ctz(b.warp[w].relaxed)));
}

inline void release_barrier(Block& b) {
  b.arrived = 0;
  ++b.epoch;
  b.last_count = b.count, b.last_all = b.all, b.last_any = b.any;
  b.count = 0, b.all = 1, b.any = 0, b.barrier_site = 0;
  for (unsigned w = 0; w < b.warps; ++w) make_ready(b, w, b.warp[w].live);
}

// A thread returned: those who waited for it alone may go on.
inline void after_exit(Block& b, unsigned w) {
  Warp& warp = b.warp[w];
  for (unsigned rest = warp.waiting & ~warp.relaxed; rest != 0;) {
    const int lane = __builtin_ctz(rest);
    rest &= rest - 1;
    const unsigned need = b.thread[w * 32 + static_cast<unsigned>(lane)].mask & warp.live;
    if ((companions(b, w, lane) & need) == need) {
      complete(b, w, need);
      rest &= warp.waiting;
    }
  }
  if (b.live != 0 && b.arrived == b.live) release_barrier(b);
}

// Nobody can run. Warp operations whose mask names lanes that wait elsewhere go on with those who came, as they would
// on a processor that ignores the mask; the program is at fault and is told so.
CUPORT_QUIET inline bool break_deadlock(Block& b) {
  for (unsigned w = 0; w < b.warps; ++w) {
    if (b.warp[w].waiting == 0) continue;
    const int lane = __builtin_ctz(b.warp[w].waiting);
    const Thread& thread = b.thread[w * 32 + static_cast<unsigned>(lane)];
    report_fault(FaultKind::warp_mask, b.index, thread.index, nullptr, thread.site,
                 "a warp operation names lanes in its mask that do not take part in it");
    complete(b, w, companions(b, w, lane));
    return true;
  }
  return false;
}

inline Thread* take(Block& b, unsigned w, int lane) {
  b.warp[w].ready &= ~(1u << lane);
  if (b.warp[w].ready == 0) b.ready_warps &= ~(1u << w);
  return b.current = b.thread + w * 32 + lane;
}

CUPORT_NOINLINE CUPORT_QUIET inline Thread* pick_elsewhere(Block& b, unsigned w) {
  for (;;) {
    Warp& warp = b.warp[w];
    if (warp.ready == 0 && warp.relaxed != 0) complete_relaxed(b, w);
    if (warp.ready != 0 && worker.schedule != Schedule::random) break;
    if (b.ready_warps != 0) {
      w = static_cast<unsigned>(choose(b.ready_warps));
      if (b.warp[w].ready != 0) break;
    }
    unsigned relaxed = 0;
    for (unsigned other = 0; other < b.warps; ++other) relaxed |= (b.warp[other].relaxed != 0 ? 1u : 0u) << other;
    if (relaxed != 0) {
      w = static_cast<unsigned>(__builtin_ctz(relaxed));
    } else if (!break_deadlock(b)) {
      return nullptr;
    }
  }
  return take(b, w, choose(b.warp[w].ready));
}

// The next thread to run, marked as running; nullptr when all have returned or wait at the grid barrier.
CUPORT_QUIET inline Thread* pick(Block& b, unsigned w) {
  if (CUPORT_LIKELY(worker.schedule == Schedule::forward)) {
    if (b.warp[w].ready != 0) return take(b, w, __builtin_ctz(b.warp[w].ready));
    if (b.warp[w].relaxed == 0 && b.ready_warps != 0) {
      w = static_cast<unsigned>(__builtin_ctz(b.ready_warps));
      return take(b, w, __builtin_ctz(b.warp[w].ready));
    }
  }
  return pick_elsewhere(b, w);
}

inline void fiber_main();

inline bool begun(const Block& b, const Thread* t) {
  const unsigned i = static_cast<unsigned>(t - b.thread);
  return (b.warp[i / 32].begun >> (i % 32) & 1u) != 0;
}

inline void set_up(Thread* t) {
  t->stack = worker.stacks.take();
  if (t->stack == nullptr) fatal("no memory for the stacks of a block's threads");
  t->sp = prepare_stack(t->stack, &fiber_main);
}

// The running thread stops until somebody made it ready.
CUPORT_NOINLINE CUPORT_QUIET inline void wait() {
  Block& b = *worker.block;
  Thread* self = b.current;
  Thread* next = pick(b, static_cast<unsigned>(self - b.thread) / 32);
  if (next != self) {
    if (next == nullptr) {
      switch_stack(&self->sp, b.host);
    } else {
      if (!begun(b, next)) set_up(next);
      switch_stack(&self->sp, next->sp);
    }
    threadIdx = self->index;
    CUPORT_THREAD_RESUME();
  }
}

// The running thread, marked as ready by the caller, lets a certain other one run first.
CUPORT_NOINLINE CUPORT_QUIET inline void go_to(Block& b, unsigned w, int lane) {
  Thread* self = b.current;
  Thread* next = take(b, w, lane);
  if (!begun(b, next)) set_up(next);
  switch_stack(&self->sp, next->sp);
  threadIdx = self->index;
  CUPORT_THREAD_RESUME();
}

CUPORT_QUIET inline void begin(Block& b, Thread* t) {
  const unsigned i = static_cast<unsigned>(t - b.thread);
  b.warp[i / 32].begun |= 1u << (i % 32);
  const unsigned row = i / blockDim.x;
  t->index = uint3{i - row * blockDim.x, row % blockDim.y, row / blockDim.y};
  threadIdx = t->index;
  t->met = 0;
  CUPORT_THREAD_BEGIN();
}

// Runs threads until none is left that could begin here.
CUPORT_QUIET inline void fiber_main() {
  Block& b = *worker.block;
  char* stack = b.current->stack;
  for (;;) {
    Thread* t = b.current;
    begin(b, t);
    b.task.thread(b.task.args);
    t = b.current;
    const unsigned i = static_cast<unsigned>(t - b.thread);
    b.warp[i / 32].live &= ~(1u << (i % 32));
    --b.live;
    after_exit(b, i / 32);
    Thread* next = pick(b, i / 32);
    if (next != nullptr && !begun(b, next)) {
      next->stack = stack;
      continue;
    }
    worker.stacks.give(stack);  // nobody takes it before the switch is done
    void* unused;
    switch_stack(&unused, next == nullptr ? b.host : next->sp);
  }
}

}  // namespace scheduling

// Makes all threads of a block ready to begin.
CUPORT_QUIET inline void open_block(Block& b, const Task& task, uint3 index, unsigned threads) {
  b.task = task;
  b.index = index;
  b.threads = b.live = threads;
  b.warps = (threads + 31) / 32;
  b.arrived = b.grid_waiting = 0;
  b.barrier_site = 0;
  b.epoch = 0;
  b.count = 0, b.all = 1, b.any = 0;
  b.ready_warps = b.warps == 32 ? ~0u : (1u << b.warps) - 1;
  for (unsigned w = 0; w < b.warps; ++w) {
    const unsigned left = threads - w * 32;
    const unsigned lanes = left >= 32 ? ~0u : (1u << left) - 1;
    b.warp[w] = Warp{lanes, lanes, 0, 0, 0, 0};
  }
}

// Runs the block until every thread has returned or waits at the grid barrier. True when all have returned.
CUPORT_QUIET inline bool run_block(Block& b) {
  worker.block = &b;
  blockIdx = b.index;
  Thread* next = scheduling::pick(b, 0);
  if (next != nullptr) {
    if (!scheduling::begun(b, next)) scheduling::set_up(next);
    switch_stack(&b.host, next->sp);
  }
  return b.live == 0;
}

}  // namespace cuport
