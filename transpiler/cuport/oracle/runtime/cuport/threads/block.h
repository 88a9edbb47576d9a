// The threads of a block and who of them runs next.
//
// A thread begins on whatever fiber is free and needs one of its own only once it waits: a kernel that never waits runs
// all its threads on one stack. Runnable lanes are a bit mask a warp, so that choosing is a bit scan. A thread waits at a
// block barrier, in a warp operation, or at the grid barrier. Whoever lets others go on waits its turn among them: in the
// forward schedule threads run in ascending order between any two barriers.
#pragma once
#include "fault.h"
#include "fiber.h"
#include "../numbers/vectors.h"

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

// What one thread is. Kept small: a block of 1024 has to stay in the cache.
struct Thread {
  uint3 index;
  unsigned mask;    // of the warp operation it waits in: lanes it waits for; 0: whoever comes
  Meeting meeting;
  int site;         // its line in the user's file
  unsigned met;     // the warp's `meetings` when it last took part in an operation (checked build)
#ifdef CUPORT_THREAD_STATE
  CUPORT_THREAD_STATE state;
#endif
};

struct Warp {
  unsigned live;     // begun or not, but not yet returned
  unsigned ready;    // can run and does not run now
  unsigned waiting;  // in a warp operation
  unsigned relaxed;  // those of `waiting` that wait for whoever comes
  unsigned meetings;  // operations finished
  // What the waiting lanes do, while all do the same; else (`mixed`) each lane's `Thread` says it.
  bool mixed;
  unsigned mask;
  int site;
  Meeting meeting;
  void* operand[32];
};

struct Task {
  void (*thread)(const void* args);  // runs one thread
  const void* args;
};

struct Block {
  Thread* current;
  unsigned live;
  unsigned arrived;      // at the block barrier
  int barrier_site;
  unsigned ready_warps;  // those that may have ready lanes
  unsigned threads, warps;
  unsigned grid_waiting;  // at the grid barrier
  int count, voters;      // predicates seen so far: true ones, all
  int last_count, last_all, last_any;
  unsigned epoch;         // counts block barriers passed
  void* host;             // where `run` was called
  char* shared;           // shared memory of this block
  Task task;
  uint3 index;
  dim3 shape;             // that `thread[].index` was made for
  Warp warp[32];
  void* sp[1024];         // where each thread stopped; null: not begun
  char* stack[1024];      // top of the stack it runs on
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

CUPORT_QUIET inline int choose(unsigned set) {
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

CUPORT_QUIET inline void make_ready(Block& b, unsigned w, unsigned lanes) {
  b.warp[w].ready |= lanes;
  if (b.warp[w].ready != 0) b.ready_warps |= 1u << w;
}

// Finishes an operation of these lanes.
CUPORT_QUIET inline void complete(Block& b, unsigned w, unsigned lanes) {
  Warp& warp = b.warp[w];
  ++warp.meetings;
  CUPORT_MEETING(w, lanes, warp.live);
  const Meeting meeting = warp.mixed ? b.thread[w * 32 + static_cast<unsigned>(__builtin_ctz(lanes))].meeting : warp.meeting;
  meeting(warp.operand, lanes);
  warp.waiting &= ~lanes;
  warp.relaxed &= ~lanes;
  make_ready(b, w, lanes);
}

// The waiting lanes of a warp turn out to do different things.
CUPORT_OUTLINED(CUPORT_QUIET, void, mix, (Block& b, unsigned w)) {
  Warp& warp = b.warp[w];
  if (warp.mixed) return;
  for (unsigned rest = warp.waiting; rest != 0; rest &= rest - 1) {
    Thread& t = b.thread[w * 32 + static_cast<unsigned>(__builtin_ctz(rest))];
    t.mask = warp.mask, t.meeting = warp.meeting, t.site = warp.site;
  }
  warp.mixed = true;
}

// The waiting lanes that do the same as `lane`: same operation and mask; relaxed ones also at the same place.
CUPORT_OUTLINED(CUPORT_QUIET, unsigned, companions, (Block& b, unsigned w, int lane)) {
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
CUPORT_OUTLINED(CUPORT_QUIET, void, complete_relaxed, (Block& b, unsigned w)) {
  while (b.warp[w].relaxed != 0) complete(b, w, companions(b, w, __builtin_ctz(b.warp[w].relaxed)));
}

CUPORT_OUTLINED(CUPORT_QUIET, void, release_barrier, (Block& b)) {
  CUPORT_BARRIER(b);
  b.arrived = 0;
  ++b.epoch;
  b.last_count = b.count, b.last_all = b.count == b.voters, b.last_any = b.count != 0;
  b.count = b.voters = 0, b.barrier_site = 0;
  unsigned ready = 0;
  for (unsigned w = 0; w < b.warps; ++w) {
    b.warp[w].ready = b.warp[w].live;
    ready |= (b.warp[w].live != 0 ? 1u : 0u) << w;
  }
  b.ready_warps = ready;
}

// A thread returned: those who waited for it alone may go on.
CUPORT_OUTLINED(CUPORT_QUIET, void, after_exit, (Block& b, unsigned w)) {
  mix(b, w);
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
}

// Nobody can run. Warp operations whose mask names lanes that wait elsewhere go on with those who came, as they would
// on a processor that ignores the mask; the program is at fault and is told so.
CUPORT_OUTLINED(CUPORT_QUIET, bool, break_deadlock, (Block& b)) {
  for (unsigned w = 0; w < b.warps; ++w) {
    if (b.warp[w].waiting == 0) continue;
    mix(b, w);
    const int lane = __builtin_ctz(b.warp[w].waiting);
    const Thread& thread = b.thread[w * 32 + static_cast<unsigned>(lane)];
    report_fault(FaultKind::warp_mask, b.index, thread.index, nullptr, thread.site,
                 "a warp operation names lanes in its mask that do not take part in it");
    complete(b, w, companions(b, w, lane));
    return true;
  }
  return false;
}

constexpr unsigned kNobody = ~0u;

CUPORT_QUIET inline unsigned take(Block& b, unsigned w, int lane) {
  b.warp[w].ready &= ~(1u << lane);
  return w * 32 + static_cast<unsigned>(lane);
}

// The next thread to run, no longer ready, when warp `w` has none in the forward schedule; kNobody when all have
// returned or wait at the grid barrier.
CUPORT_OUTLINED(CUPORT_QUIET, unsigned, pick_elsewhere, (Block& b, unsigned w)) {
  for (;;) {
    Warp& warp = b.warp[w];
    if (warp.ready == 0 && warp.relaxed != 0) complete_relaxed(b, w);
    if (warp.ready != 0) {
      if (worker.schedule != Schedule::random) break;
    } else {
      b.ready_warps &= ~(1u << w);
    }
    if (b.ready_warps != 0) {
      w = static_cast<unsigned>(choose(b.ready_warps));
      if (b.warp[w].ready != 0) break;
      continue;
    }
    unsigned relaxed = 0;
    for (unsigned other = 0; other < b.warps; ++other) relaxed |= (b.warp[other].relaxed != 0 ? 1u : 0u) << other;
    if (relaxed != 0) {
      w = static_cast<unsigned>(__builtin_ctz(relaxed));
    } else if (b.arrived == b.live && b.live != 0) {
      release_barrier(b);
      if (worker.schedule == Schedule::forward) w = 0;
    } else if (!break_deadlock(b)) {
      return kNobody;
    }
  }
  return take(b, w, choose(b.warp[w].ready));
}

CUPORT_QUIET inline unsigned pick(Block& b, unsigned w) {
  const unsigned ready = b.warp[w].ready;
  if (CUPORT_LIKELY(ready != 0 && worker.schedule == Schedule::forward)) {
    b.warp[w].ready = ready & (ready - 1);
    return w * 32 + static_cast<unsigned>(__builtin_ctz(ready));
  }
  return pick_elsewhere(b, w);
}

void fiber_main();

CUPORT_OUTLINED(CUPORT_QUIET, void, set_up, (Block& b, unsigned i)) {
  char* stack = worker.stacks.take();
  if (stack == nullptr) fatal("no memory for the stacks of a block's threads");
  b.stack[i] = stack;
  b.sp[i] = prepare_stack(stack, &fiber_main);
}

// Leaves the running thread `i` for another.
CUPORT_QUIET CUPORT_FORCEINLINE inline void switch_to(Block& b, unsigned i, unsigned next) {
  const uint3 index = threadIdx;
  if (CUPORT_UNLIKELY(next == kNobody)) {
    switch_stack(&b.sp[i], b.host);
  } else {
    if (CUPORT_UNLIKELY(b.sp[next] == nullptr)) set_up(b, next);
    b.current = b.thread + next;
    __builtin_prefetch(b.sp[(next + 1) % 1024]);
    switch_stack(&b.sp[i], b.sp[next]);
  }
  threadIdx = index;
  CUPORT_THREAD_RESUME();
}

// The running thread stops until somebody made it ready.
CUPORT_QUIET CUPORT_FORCEINLINE inline void wait_here(Block& b, unsigned i) {
  const unsigned next = pick(b, i / 32);
  if (CUPORT_UNLIKELY(next == i)) {
    CUPORT_SYNCHRONISED();
    return;
  }
  switch_to(b, i, next);
}
CUPORT_NOINLINE CUPORT_QUIET inline void wait() {
  Block& b = *worker.block;
  wait_here(b, static_cast<unsigned>(b.current - b.thread));
}

// The running thread, marked as ready by the caller, lets a certain other one run first.
CUPORT_NOINLINE CUPORT_QUIET inline void go_to(Block& b, unsigned w, int lane) {
  switch_to(b, static_cast<unsigned>(b.current - b.thread), take(b, w, lane));
}

// Runs threads until none is left that could begin here.
CUPORT_OUTLINED(CUPORT_QUIET, void, fiber_main, ()) {
  Block& b = *worker.block;
  char* stack = b.stack[b.current - b.thread];
  for (;;) {
    threadIdx = b.current->index;
    b.current->met = 0;
    CUPORT_THREAD_BEGIN();
    b.task.thread(b.task.args);
    const unsigned i = static_cast<unsigned>(b.current - b.thread);
    Warp& warp = b.warp[i / 32];
    warp.live &= ~(1u << (i % 32));
    --b.live;
    if (CUPORT_UNLIKELY(warp.waiting != warp.relaxed)) after_exit(b, i / 32);
    const unsigned next = pick(b, i / 32);
    if (next != kNobody) {
      b.current = b.thread + next;
      if (b.sp[next] == nullptr) {
        b.stack[next] = stack;
        b.sp[next] = stack;  // begun: what it points to comes with the first switch
        continue;
      }
    }
    worker.stacks.give(stack);  // nobody takes it before the switch is done
    void* unused;
    switch_stack(&unused, next == kNobody ? b.host : b.sp[next]);
  }
}

}  // namespace scheduling

// The indices of a block's threads, for launches to come.
CUPORT_OUTLINED(CUPORT_QUIET, void, shape_block, (Block& b, dim3 shape)) {
  if (b.shape.x == shape.x && b.shape.y == shape.y && b.shape.z == shape.z) return;
  b.shape = shape;
  uint3 at = {0, 0, 0};
  for (unsigned i = 0; i < shape.x * shape.y * shape.z; ++i) {
    b.thread[i].index = at;
    if (++at.x == shape.x) {
      at.x = 0;
      if (++at.y == shape.y) at.y = 0, ++at.z;
    }
  }
}

// Makes all threads of a block ready to begin.
CUPORT_OUTLINED(CUPORT_QUIET, void, open_block, (Block& b, const Task& task, uint3 index, unsigned threads)) {
  b.task = task;
  b.index = index;
  b.threads = b.live = threads;
  b.warps = (threads + 31) / 32;
  b.arrived = b.grid_waiting = 0;
  b.barrier_site = 0;
  b.epoch = 0;
  b.count = b.voters = 0;
  b.ready_warps = b.warps == 32 ? ~0u : (1u << b.warps) - 1;
  for (unsigned i = 0; i < threads; ++i) {
    b.sp[i] = nullptr;
    CUPORT_NO_CALL();
  }
  for (unsigned w = 0; w < b.warps; ++w) {
    const unsigned left = threads - w * 32;
    Warp& warp = b.warp[w];
    warp.live = warp.ready = left >= 32 ? ~0u : (1u << left) - 1;
    warp.waiting = warp.relaxed = warp.meetings = 0;
  }
}

// Runs the block until every thread has returned or waits at the grid barrier. True when all have returned.
CUPORT_OUTLINED(CUPORT_QUIET, bool, run_block, (Block& b)) {
  worker.block = &b;
  blockIdx = b.index;
  const unsigned next = scheduling::pick(b, 0);
  if (next != scheduling::kNobody) {
    if (b.sp[next] == nullptr) scheduling::set_up(b, next);
    b.current = b.thread + next;
    switch_stack(&b.host, b.sp[next]);
  }
  return b.live == 0;
}

}  // namespace cuport
