// The checked build's view of what the runtime does: buffers, launches, blocks, barriers.
#pragma once
#include <type_traits>
#include "checked.h"

namespace cuport {
namespace checked {

inline char argument_names[64][32];
inline unsigned argument_count = 0;

CUPORT_UNCHECKED inline void open_device() {
  Region& r = state.device;
  if (r.base == nullptr) r.base = device_memory.arena(), r.bytes = kArenaBytes;
  extend(r, static_cast<size_t>(device_memory.committed() - device_memory.arena()));
}

// A fresh buffer that nobody has written.
CUPORT_UNCHECKED inline void add_fresh(const char* base, size_t bytes) {
  open_device();
  mark(state.device, base, bytes, true, false);
}
CUPORT_UNCHECKED inline void forget_freed() { freed_count = 0; }
// A buffer with its contents: what still holds the pattern of fresh memory was never written.
CUPORT_UNCHECKED inline void add_buffer(const char* base, size_t bytes) {
  open_device();
  mark(state.device, base, bytes, true, true);
  // One word may hold the pattern by chance; two side by side do not.
  for (size_t i = 0; i + 3 < bytes; i += 2) {
    const uint16_t poison[2] = {kPoison, kPoison};
    if (memcmp(base + i, poison, 4) == 0) mark_written(state.device, base + i, 4, false);
  }
}
CUPORT_UNCHECKED inline void remove_buffer(const char* base, size_t bytes) {
  if (state.device.base == nullptr) return;
  mark(state.device, base, bytes, false, false);
  freed[freed_count++ % 64] = Freed{base, bytes};
}

CUPORT_UNCHECKED inline void wipe(Region& r) {
  for (size_t i = 0; i < r.ready / 4; ++i) {
    Cell& c = r.cells[i];
    if ((c.write | c.read | c.other) != 0) c.write = c.read = c.other = 0, c.kinds = 0;
  }
}

// Stamps have run out: forgets who touched what and counts anew.
CUPORT_NOINLINE CUPORT_UNCHECKED inline void renumber() {
  Order& o = order;
  wipe(state.device), wipe(state.globals);
  for (unsigned i = 0; i < o.residents; ++i) {
    Resident& r = *o.resident[i];
    wipe(r.shared);
    r.barrier = r.first = 1, r.acquiring_at = 0;
    for (uint32_t& f : r.fence) f = f >= r.first ? 1 : 0;
    for (WarpOrder& w : r.warp) w.open = w.era = 0;
    for (auto* seen : r.seen) {
      if (seen != nullptr) memset(static_cast<void*>(seen), 0, 32 * sizeof *seen);
    }
  }
  free(o.last_release);
  o.last_release = nullptr;
  o.first = o.next = o.grid = 1;
  state.long_ago = state.long_ago_shared = 32;
}

CUPORT_UNCHECKED inline void find_globals() {
  State& s = state;
  char *low = nullptr, *high = nullptr;
  for (GlobalVariable* g = global_variables; g != nullptr; g = g->next) {
    char* at = static_cast<char*>(g->address);
    if (low == nullptr || at < low) low = at;
    if (high == nullptr || at + g->bytes > high) high = at + g->bytes;
  }
  if (low == nullptr) return;
  s.globals.base = reinterpret_cast<char*>(reinterpret_cast<uintptr_t>(low) & ~uintptr_t{63}) - 64;
  s.globals.bytes = static_cast<size_t>(high - s.globals.base) + 64;
  extend(s.globals, s.globals.bytes);
  for (GlobalVariable* g = global_variables; g != nullptr; g = g->next) mark(s.globals, g->address, g->bytes, true, true);
}

CUPORT_UNCHECKED inline void begin_launch() {
  State& s = state;
  if (order.next > kMostIntervals / 2) renumber();
  begin_order(uint64_t{gridDim.x} * gridDim.y * gridDim.z);
  ++s.launch, part_count = 0;
  worker.block = nullptr;  // it may be gone
  s.busy = true;           // until a block begins
  s.current = 0, s.pending = nullptr, s.stopped_at = ~uintptr_t{0}, s.code = nullptr;
  s.long_ago = s.long_ago_shared = order.first * 32;
  s.frame = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  faults.kernel = launch_state.kernel;
  if (s.globals.base == nullptr) find_globals();
  if (device_memory.arena() != nullptr) open_device();
  dynamic_bytes = 0;
  on_device = true;
}

CUPORT_UNCHECKED inline void reset_shared(Resident& r, size_t dynamic) {
  char* base = r.shared.base;
  memset(static_cast<void*>(r.shared.cells), 0, r.shared.ready / 4 * sizeof(Cell));
  for (SharedRecord* x = shared_records; x != nullptr; x = x->next) mark(r.shared, base + x->offset, x->size, true, false);
  if (dynamic != 0) mark(r.shared, base + shared_dynamic_offset(), dynamic * CUPORT_SHARED_SCALE, true, false);
  DeviceMemory::poison(base, shared_total(dynamic));
  r.touched = false, r.dynamic = dynamic;
}

// A block begins, or goes on after others have run (then what is known of its shared memory stays).
CUPORT_UNCHECKED inline void begin_block(size_t dynamic, bool again) {
  State& s = state;
  const Busy busy;  // the runtime has been busy with itself up to here
  Resident& r = resident_of(shared_base, shared_total(dynamic));
  order.now = &r;
  s.current = 0;
  s.shared = r.shared;
  if (again) {
    s.long_ago_shared = r.barrier * 32;
    return;
  }
  if (r.touched || r.dynamic != dynamic) reset_shared(r, dynamic);
  dynamic_bytes = dynamic;
  s.shared.ready = 0;  // `touch_shared` makes its cells accessible
  r.block = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
  r.first = r.barrier = order.next;
  r.acquired = r.acquiring = r.acquiring_at = 0;
  for (WarpOrder& w : r.warp) w = WarpOrder{};
  s.long_ago_shared = r.barrier * 32;
}

CUPORT_FAST void on_thread_begin() { state.current = make_stamp(); }
CUPORT_UNCHECKED inline void on_synchronised() { state.current = 0; }
CUPORT_UNCHECKED inline void on_meeting(unsigned w, unsigned lanes, unsigned live) {
  if (on_device) meet_lanes(w, lanes, live);
}
CUPORT_UNCHECKED inline void on_barrier(const Block& b) {
  if (!on_device) return;
  pass_barrier();
  state.long_ago_shared = order.now->barrier * 32;
  if (b.live == b.threads) return;
  char message[120];  // legal if they left by a `return` before it (oracle/faults.py looks)
  snprintf(message, sizeof message, "%u of %u threads have ended without this barrier", b.threads - b.live, b.threads);
  report_fault(FaultKind::divergent_barrier, b.index, b.current->index, nullptr, b.barrier_site, message);
}
CUPORT_UNCHECKED inline void on_fence() {
  if (!on_device) return;
  fence();
  state.current = 0;
}
CUPORT_UNCHECKED inline void on_arrive(const volatile void* at) {
  if (!on_device) return;
  fence();
  release(at);
  state.current = 0;
}
CUPORT_UNCHECKED inline void on_awaited(const volatile void* at) {
  if (on_device) acquire(at), state.current = 0;
}
CUPORT_UNCHECKED inline void on_grid_barrier() {
  order.grid = order.next;
  for (unsigned i = 0; i < order.residents; ++i) order.resident[i]->barrier = order.next;
  state.long_ago = state.long_ago_shared = order.next * 32, state.current = 0;
}
// Buffers by the names of the kernel's parameters, "a,b,n".
template <class T>
CUPORT_UNCHECKED void name_argument(const char* name, size_t length, const T& value) {
  if constexpr (std::is_pointer_v<T> && !std::is_function_v<std::remove_pointer_t<T>>) {
    const void* p = const_cast<const void*>(static_cast<const volatile void*>(value));
    const Allocation* a = device_memory.find(p);
    if (a != nullptr && length < sizeof argument_names[0]) {
      char* kept = argument_names[argument_count++ % 64];
      memcpy(kept, name, length), kept[length] = 0;
      name_buffer(a->base, kept);
    }
  }
}
template <class Info, class... P>
CUPORT_UNCHECKED void name_arguments(const Info& info, const P&... args) {
  buffer_name_count = 0, argument_count = 0;
  const char* at = info.parameters;
  const auto next = [&](const auto& value) CUPORT_UNCHECKED {
    const char* end = strchr(at, ',');
    const size_t length = end == nullptr ? strlen(at) : static_cast<size_t>(end - at);
    name_argument(at, length, value);
    at = end == nullptr ? at + length : end + 1;
  };
  (next(args), ...);
  (void)next, (void)at;
}

// Whole programs: new faults go to the file that CUPORT_FAULTS names.
CUPORT_UNCHECKED inline void write_new_faults() {
  static const char* const path = getenv("CUPORT_FAULTS");
  if (path == nullptr || path[0] == 0 || faults.written == faults.count) return;
  FILE* out = fopen(path, "a");
  if (out == nullptr) return;
  for (; faults.written < faults.count; ++faults.written) print_fault(out, faults.fault[faults.written], load_bias());
  fclose(out);
}

CUPORT_UNCHECKED inline void end_launch() {
  settle();
  on_device = false;
  write_new_faults();
  faults.kernel = "";
}

}  // namespace checked
}  // namespace cuport
