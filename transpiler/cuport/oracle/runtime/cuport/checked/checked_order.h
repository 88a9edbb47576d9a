// What orders two accesses of one launch:
// - of one block: a block barrier; within a warp also a warp operation that both took part in, directly or through others;
// - of any two threads: a release (an atomic, or a volatile write, after a fence) at a place, and an acquire (an atomic or
//   a volatile read) at the same place afterwards; barriers carry both on to the other threads;
// - a grid barrier.
#pragma once
#include "../threads/block.h"
#include "checked_cells.h"

namespace cuport {
namespace checked {

// A stretch of a warp's life. Lanes that synchronise apart from the rest of their warp get intervals of their own.
struct Interval {
  uint32_t block;  // linear index in the grid
  uint32_t warp;
};

struct WarpOrder {
  uint32_t open;      // the interval its lanes are in, while nothing has happened; 0: to be made
  uint32_t era;       // intervals before it are ordered before every lane
  uint32_t acquired;  // clock of the latest release that a lane has seen
};


// A block whose threads are alive.
struct Resident {
  const void* key;   // its shared memory
  Region shared;
  size_t dynamic;    // bytes of its dynamic shared memory
  bool touched;    // somebody has used its shared memory; else that is as it was reset
  uint32_t block;
  uint32_t first;    // its first interval
  uint32_t barrier;  // intervals of this block before it are ordered before all of it
  uint32_t acquired, acquiring, acquiring_at;  // clocks known to the whole block; to one warp since which barrier
  WarpOrder warp[32];
  uint32_t fence[1024];  // by thread: intervals before it lie before its latest fence
  uint32_t (*seen[32])[32];  // by lane of a warp, of lane: the interval up to which the other is ordered before
};

// A release: what lies before these intervals is known to whoever acquires at this clock or later. A fence of the thread
// counts for what other threads had fenced before a barrier, too.
struct Release {
  uint32_t clock, previous;  // of the same block; 0: none
  uint32_t thread;
  uint32_t own, barrier, era;  // of the thread, of its block, of its warp
};

struct Order {
  Interval* interval = nullptr;  // from `first` on
  uint32_t first = 1, next = 1;  // intervals of this launch; of all
  uint32_t capacity = 0;
  uint32_t grid = 1;  // intervals before it lie before a grid barrier
  Resident* now = nullptr;
  Resident** resident = nullptr;
  unsigned residents = 0;
  Release* release = nullptr;
  uint32_t releases = 0, release_capacity = 0;
  uint32_t* last_release = nullptr;  // by block, if there were any
  uint64_t blocks = 0;
  uint32_t clock = 1, launch_clock = 1;
  uint32_t released_at[1 << 12];  // by a hash of the place: clock of the last release there
};
inline Order order;

CUPORT_FAST unsigned thread_index() { return threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z); }

CUPORT_UNCHECKED inline Interval& interval_of(Stamp s) { return order.interval[s / 32 - order.first]; }

constexpr uint32_t kMostIntervals = 1u << 27;  // stamps have 32 bits
inline void renumber();

CUPORT_NOINLINE CUPORT_UNCHECKED inline uint32_t new_interval(unsigned w) {
  Order& o = order;
  if (o.next == kMostIntervals - 1) renumber();
  if (o.next - o.first >= o.capacity) {
    const uint32_t more = o.capacity == 0 ? 4096 : o.capacity * 2;
    auto* grown = static_cast<Interval*>(realloc(static_cast<void*>(o.interval), size_t{more} * sizeof(Interval)));
    if (grown == nullptr) fatal("no memory for the checked build");
    o.interval = grown, o.capacity = more;
  }
  o.interval[o.next - o.first] = Interval{o.now->block, w};
  return o.next++;
}

// The stamp of the running thread.
CUPORT_FAST Stamp make_stamp() {
  const unsigned t = thread_index();
  WarpOrder& w = order.now->warp[t / 32];
  if (w.open < order.now->barrier || w.open == 0) w.open = new_interval(t / 32);
  return w.open * 32 + t % 32;
}

// The lanes of a warp have met.
CUPORT_UNCHECKED inline void meet_lanes(unsigned w, unsigned lanes, unsigned live) {
  Resident& r = *order.now;
  WarpOrder& warp = r.warp[w];
  warp.open = 0;
  if (lanes == live) {
    warp.era = order.next;
    return;
  }
  if (r.seen[w] == nullptr) r.seen[w] = static_cast<uint32_t(*)[32]>(calloc(32, sizeof *r.seen[w]));
  if (r.seen[w] == nullptr) fatal("no memory for the checked build");
  uint32_t joint[32] = {};
  for (unsigned rest = lanes; rest != 0; rest &= rest - 1) {
    const uint32_t* row = r.seen[w][__builtin_ctz(rest)];
    for (int i = 0; i < 32; ++i) joint[i] = row[i] > joint[i] ? row[i] : joint[i];
  }
  for (unsigned rest = lanes; rest != 0; rest &= rest - 1) joint[__builtin_ctz(rest)] = order.next - 1;
  for (unsigned rest = lanes; rest != 0; rest &= rest - 1) memcpy(r.seen[w][__builtin_ctz(rest)], joint, sizeof joint);
}

CUPORT_UNCHECKED inline void pass_barrier() { order.now->barrier = order.next; }

CUPORT_UNCHECKED inline void fence() {
  Resident& r = *order.now;
  const unsigned t = thread_index();
  r.warp[t / 32].open = 0;
  r.fence[t] = order.next;
}
CUPORT_UNCHECKED inline bool fenced() { return order.now->fence[thread_index()] >= order.now->first; }

CUPORT_UNCHECKED inline uint32_t& release_clock(const volatile void* at) {
  return order.released_at[reinterpret_cast<uintptr_t>(at) / 4 * 0x9E3779B97F4A7C15u >> 52];
}

// What the running thread did before its latest fence is known from now on to whoever acquires at this place.
CUPORT_UNCHECKED inline void release(const volatile void* at) {
  Order& o = order;
  if (o.last_release == nullptr) {
    o.last_release = static_cast<uint32_t*>(calloc(o.blocks, sizeof(uint32_t)));
    if (o.last_release == nullptr) fatal("no memory for the checked build");
    o.releases = 1;
  }
  if (o.releases >= o.release_capacity) {
    const uint32_t more = o.release_capacity == 0 ? 1024 : o.release_capacity * 2;
    auto* grown = static_cast<Release*>(realloc(static_cast<void*>(o.release), size_t{more} * sizeof(Release)));
    if (grown == nullptr) fatal("no memory for the checked build");
    o.release = grown, o.release_capacity = more;
  }
  Resident& r = *o.now;
  const unsigned t = thread_index();
  o.release[o.releases] = Release{++o.clock, o.last_release[r.block], t, r.fence[t], r.barrier, r.warp[t / 32].era};
  o.last_release[r.block] = o.releases++;
  release_clock(at) = o.clock;
}
CUPORT_UNCHECKED inline void acquire(const volatile void* at) {
  Resident& r = *order.now;
  const uint32_t clock = release_clock(at);
  if (clock <= order.launch_clock) return;
  if (r.acquiring_at != r.barrier) {
    if (r.acquiring > r.acquired) r.acquired = r.acquiring;
    r.acquiring = 0, r.acquiring_at = r.barrier;
  }
  if (clock > r.acquiring) r.acquiring = clock;
  uint32_t& own = r.warp[thread_index() / 32].acquired;
  if (clock > own) own = clock;
}

// Whether a release that the running thread has seen covers an earlier access.
CUPORT_UNCHECKED inline bool released(Stamp earlier, const Interval& a, unsigned my_warp) {
  Order& o = order;
  if (o.last_release == nullptr) return false;
  Resident& r = *o.now;
  uint32_t known = r.acquired;
  if (r.acquiring > known && r.acquiring_at != r.barrier) known = r.acquiring;
  if (r.warp[my_warp].acquired > known) known = r.warp[my_warp].acquired;
  const uint32_t i = earlier / 32, thread = a.warp * 32 + earlier % 32;
  int steps = 0;
  for (uint32_t e = o.last_release[a.block]; e != 0; e = o.release[e].previous) {
    const Release& x = o.release[e];
    if (x.clock > known) continue;
    if (i < x.barrier || (x.thread == thread && i < x.own) || (x.thread / 32 == a.warp && i < x.era)) return true;
    if (++steps == 4096) return true;  // rather silent than slow
  }
  return false;
}

// Whether nothing orders the earlier access before the running thread's.
CUPORT_UNCHECKED inline bool unordered(Stamp earlier, Stamp now) {
  Order& o = order;
  if (earlier < o.grid * 32 || earlier == now) return false;
  const Interval& a = interval_of(earlier);
  const Interval& b = interval_of(now);
  Resident& r = *o.now;
  const uint32_t i = earlier / 32;
  if (a.block == b.block) {
    if (i < r.barrier) return false;
    if (a.warp == b.warp) {
      if (earlier % 32 == now % 32 || i < r.warp[a.warp].era) return false;
      if (r.seen[a.warp] != nullptr && r.seen[a.warp][now % 32][earlier % 32] >= i) return false;
    }
  }
  return !released(earlier, a, b.warp);
}

CUPORT_UNCHECKED inline void begin_order(uint64_t blocks) {
  Order& o = order;
  o.first = o.grid = o.next;
  free(o.last_release);
  o.last_release = nullptr;
  o.blocks = blocks;
  o.launch_clock = o.clock;
  for (unsigned i = 0; i < o.residents; ++i) o.resident[i]->block = ~0u;
}

// The resident block with this shared memory; made if there was none.
CUPORT_UNCHECKED inline Resident& resident_of(char* shared, size_t bytes) {
  Order& o = order;
  for (unsigned i = 0; i < o.residents; ++i) {
    if (o.resident[i]->key == shared && o.resident[i]->shared.bytes >= bytes) return *o.resident[i];
  }
  auto** grown = static_cast<Resident**>(realloc(o.resident, (o.residents + 1) * sizeof(Resident*)));
  auto* made = static_cast<Resident*>(calloc(1, sizeof(Resident)));
  if (grown == nullptr || made == nullptr) fatal("no memory for the checked build");
  o.resident = grown;
  made->key = shared;
  made->shared.base = shared, made->shared.bytes = bytes;
  extend(made->shared, bytes);
  made->touched = true;
  return *(o.resident[o.residents++] = made);
}

}  // namespace checked
}  // namespace cuport
