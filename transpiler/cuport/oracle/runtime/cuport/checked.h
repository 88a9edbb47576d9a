// The checked build's view of memory: a cell for every four bytes of device, shared and global variables says which bytes
// exist, which were written, and who read and wrote them last. Finds accesses out of bounds, reads of what nobody wrote,
// misaligned accesses, and races: two threads, at least one of them writing, with nothing in between that orders them.
//
// What orders two accesses:
// - of one block: a block barrier; within a warp also a warp operation both took part in;
// - of different blocks: a grid barrier; or a __threadfence and an atomic of the one before an atomic of the other (the
//   "last block" pattern). Fences and atomics count for their whole block.
// Two atomics never race, nor do two volatile accesses of different blocks.
#pragma once
#include <link.h>
#include <sys/mman.h>
#include "block.h"
#include "memory.h"
#include "registry.h"
#include "shared.h"

namespace cuport {
namespace checked {

#define CUPORT_UNCHECKED __attribute__((no_sanitize("thread")))

// A stretch of one thread's life between two synchronisations.
struct Segment {
  unsigned block;   // linear index in the grid
  unsigned thread;  // linear index in the block
  unsigned epoch;   // block barriers passed
  unsigned met;     // warp operations its warp had finished when it last took part in one
  unsigned grid;    // grid barriers passed
  unsigned clock;   // of releases, when the segment began
};

enum : uint8_t { kAtomic = 1, kVolatile = 2 };

// Who touched something last. Two readers are kept, of different threads.
struct Track {
  uint32_t write, read, other_read;  // segments; 0: none
  uint8_t write_kind, read_kind, other_kind;
  uint8_t changed;  // whether the last write made a difference
};
struct Cell {
  Track track;                      // accesses to all four bytes
  uint8_t exists : 4, written : 4;  // by byte
  uint8_t parts;                    // whether single bytes were accessed: they have tracks of their own
};

// Memory with cells.
struct Region {
  char* base = nullptr;
  size_t bytes = 0;
  Cell* cells = nullptr;    // one for four bytes
  Track* tracks = nullptr;  // one a byte
  size_t ready = 0;         // bytes whose cells can be written
  CUPORT_UNCHECKED bool covers(uintptr_t at) const { return at - reinterpret_cast<uintptr_t>(base) < bytes; }
};

struct State {
  Region device, shared, globals;
  bool on = false;    // between the start and the end of a launch
  bool busy = false;  // inside a check: what the check itself touches does not count
  Segment* segments = nullptr;
  uint32_t count = 1, capacity = 0;
  uint32_t current = 0;  // segment of the running thread; 0: to be made at its next access
  unsigned block = 0, grid = 0;
  unsigned clock = 0;       // counts releases of all blocks
  unsigned acquired = 0;    // clock that the running block has seen
  unsigned* released = nullptr;  // clock of each block's last release
  bool fenced = false;      // the running block has fenced
  // The last write, to be looked at once it has happened: did it change anything?
  unsigned char* pending = nullptr;
  unsigned pending_bytes = 0;
  unsigned char before[16];
  bool pending_race = false;
  Segment race_with;
  const void* race_code;
  int race_site;
};
inline State state;

CUPORT_UNCHECKED inline Cell* cell_of(Region& r, uintptr_t at) {
  const size_t offset = at - reinterpret_cast<uintptr_t>(r.base);
  return offset < r.ready ? r.cells + offset / 4 : nullptr;
}
CUPORT_UNCHECKED inline Track* track_of(Region& r, uintptr_t at) { return r.tracks + (at - reinterpret_cast<uintptr_t>(r.base)); }

CUPORT_UNCHECKED inline void* reserve(size_t bytes) {
  void* at = mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED) fatal("no memory for the checked build");
  return at;
}
CUPORT_UNCHECKED inline void commit(void* at, size_t bytes) {
  if (mprotect(at, (bytes + 4095) / 4096 * 4096, PROT_READ | PROT_WRITE) != 0) fatal("no memory for the checked build");
}
// Cells for the first `bytes` of a region.
CUPORT_UNCHECKED inline void extend(Region& r, size_t bytes) {
  if (r.cells == nullptr) {
    r.cells = static_cast<Cell*>(reserve((r.bytes / 4 + 2) * sizeof(Cell)));
    r.tracks = static_cast<Track*>(reserve((r.bytes + 8) * sizeof(Track)));
  }
  if (bytes <= r.ready) return;
  commit(r.cells, (bytes / 4 + 2) * sizeof(Cell));
  commit(r.tracks, (bytes + 8) * sizeof(Track));
  r.ready = bytes;
}

CUPORT_UNCHECKED inline void mark(Region& r, const void* at, size_t bytes, bool exists, bool written) {
  const uintptr_t start = reinterpret_cast<uintptr_t>(at);
  for (uintptr_t p = start; p < start + bytes;) {
    Cell* c = cell_of(r, p);
    if (c == nullptr) return;
    const unsigned first = p % 4, n = start + bytes - p < 4 - first ? static_cast<unsigned>(start + bytes - p) : 4 - first;
    const unsigned mask = ((1u << n) - 1) << first & 15u;
    if (c->parts != 0) memset(static_cast<void*>(track_of(r, p)), 0, n * sizeof(Track));
    if (first == 0) *c = Cell{};
    c->exists = static_cast<uint8_t>((exists ? c->exists | mask : c->exists & ~mask) & 15u);
    c->written = static_cast<uint8_t>((written ? c->written | mask : c->written & ~mask) & 15u);
    p += n;
  }
}

CUPORT_UNCHECKED inline void unwrite(Region& r, const char* at, size_t bytes) {
  for (uintptr_t p = reinterpret_cast<uintptr_t>(at); bytes != 0; ++p, --bytes) {
    Cell* c = cell_of(r, p);
    c->written = static_cast<uint8_t>(c->written & ~(1u << (p % 4)) & 15u);
  }
}

// A fresh buffer with its contents: what still holds the pattern of fresh memory was never written.
CUPORT_UNCHECKED inline void add_buffer(const char* base, size_t bytes) {
  Region& r = state.device;
  if (r.base == nullptr) r.base = device_memory.arena(), r.bytes = kArenaBytes;
  extend(r, static_cast<size_t>(device_memory.committed() - device_memory.arena()));
  mark(r, base, bytes, true, true);
  // One word may hold the pattern by chance; two side by side do not.
  for (size_t i = 0; i + 3 < bytes; i += 2) {
    const uint16_t poison[2] = {kPoison, kPoison};
    if (memcmp(base + i, poison, 4) == 0) unwrite(r, base + i, 4);
  }
}
CUPORT_UNCHECKED inline void remove_buffer(const char* base, size_t bytes) { mark(state.device, base, bytes, false, false); }

CUPORT_UNCHECKED inline void begin_launch() {
  State& s = state;
  free(s.released);
  s.released = static_cast<unsigned*>(calloc(size_t{gridDim.x} * gridDim.y * gridDim.z, sizeof(unsigned)));
  if (s.released == nullptr) fatal("no memory for the checked build");
  s.busy = false;
  s.count = 1, s.current = 0, s.clock = 0, s.grid = 0, s.pending = nullptr;
  if (s.globals.base == nullptr && global_variables != nullptr) {
    char *low = nullptr, *high = nullptr;
    for (GlobalVariable* g = global_variables; g != nullptr; g = g->next) {
      char* at = static_cast<char*>(g->address);
      if (low == nullptr || at < low) low = at;
      if (high == nullptr || at + g->bytes > high) high = at + g->bytes;
    }
    s.globals.base = reinterpret_cast<char*>(reinterpret_cast<uintptr_t>(low) & ~uintptr_t{3});
    s.globals.bytes = static_cast<size_t>(high - s.globals.base);
    extend(s.globals, s.globals.bytes);
  }
  for (GlobalVariable* g = global_variables; g != nullptr; g = g->next) mark(s.globals, g->address, g->bytes, true, true);
  s.on = true;
}

// The cells of one resident block's shared memory.
CUPORT_UNCHECKED inline Region& shared_region(char* base, size_t bytes) {
  static Region* regions = nullptr;
  static size_t count = 0;
  for (size_t i = 0; i < count; ++i) {
    if (regions[i].base == base && regions[i].bytes >= bytes) return regions[i];
  }
  auto* grown = static_cast<Region*>(realloc(static_cast<void*>(regions), (count + 1) * sizeof(Region)));
  if (grown == nullptr) fatal("no memory for the checked build");
  regions = grown;
  Region r;
  r.base = base, r.bytes = bytes;
  extend(r, bytes);
  return regions[count++] = r;
}

// A block begins, or goes on after a grid barrier (then what is known of its shared memory stays).
CUPORT_UNCHECKED inline void begin_block(size_t dynamic, bool again) {
  State& s = state;
  s.block = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
  s.fenced = false, s.acquired = 0, s.current = 0;
  const size_t total = shared_total(dynamic);
  s.shared = shared_region(shared_base, total);
  if (again) return;
  for (SharedRecord* r = shared_records; r != nullptr; r = r->next) mark(s.shared, shared_base + r->offset, r->size, true, false);
  if (dynamic != 0) mark(s.shared, shared_base + shared_dynamic_offset(), dynamic, true, false);
}

CUPORT_UNCHECKED inline unsigned thread_index() {
  return threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
}

CUPORT_UNCHECKED inline uint32_t segment() {
  State& s = state;
  if (s.current != 0) return s.current;
  if (s.count >= s.capacity) {
    const uint32_t more = s.capacity == 0 ? 4096 : s.capacity * 2;
    auto* grown = static_cast<Segment*>(realloc(s.segments, size_t{more} * sizeof(Segment)));
    if (grown == nullptr) fatal("no memory for the checked build");
    s.segments = grown, s.capacity = more;
  }
  const unsigned t = thread_index();
  const Block& b = *worker.block;
  const bool fibers = worker.fibers;
  s.segments[s.count] = Segment{s.block, t, fibers ? b.epoch : 0, fibers ? b.thread[t].met : 0, s.grid, s.clock};
  return s.current = s.count++;
}

CUPORT_UNCHECKED inline uint3 thread_of(const Segment& g) {
  const unsigned row = g.thread / blockDim.x;
  return uint3{g.thread % blockDim.x, row % blockDim.y, row / blockDim.y};
}
CUPORT_UNCHECKED inline uint3 block_of(const Segment& g) {
  return uint3{g.block % gridDim.x, g.block / gridDim.x % gridDim.y, g.block / gridDim.x / gridDim.y};
}

// What lies at an address, in words.
CUPORT_UNCHECKED inline void place_name(char* out, size_t room, uintptr_t at) {
  State& s = state;
  if (s.shared.covers(at)) {
    snprintf(out, room, "byte %zu of shared memory", at - reinterpret_cast<uintptr_t>(s.shared.base) < shared_dynamic_offset()
                 ? static_cast<size_t>(at - reinterpret_cast<uintptr_t>(s.shared.base))
                 : static_cast<size_t>(at - reinterpret_cast<uintptr_t>(s.shared.base)) - shared_dynamic_offset());
    return;
  }
  if (const GlobalVariable* g = find_global(reinterpret_cast<const void*>(at))) {
    snprintf(out, room, "byte %zu of %s", static_cast<size_t>(at - reinterpret_cast<uintptr_t>(g->address)), g->name);
    return;
  }
  const Allocation* nearest = nullptr;
  size_t distance = ~size_t{0};
  for (size_t i = 0; i < device_memory.count(); ++i) {
    const Allocation& a = device_memory[i];
    const uintptr_t base = reinterpret_cast<uintptr_t>(a.base);
    const size_t d = at < base ? base - at : at < base + a.bytes ? 0 : at - (base + a.bytes);
    if (d < distance) distance = d, nearest = &a;
  }
  if (nearest == nullptr) {
    snprintf(out, room, "address 0x%zx", static_cast<size_t>(at));
  } else {
    snprintf(out, room, "byte %lld of %s (%zu bytes)", static_cast<long long>(at - reinterpret_cast<uintptr_t>(nearest->base)),
             buffer_name(nearest->base), nearest->bytes);
  }
}

CUPORT_NOINLINE CUPORT_UNCHECKED inline void fault(FaultKind kind, uintptr_t at, size_t bytes, const char* what, const void* code,
                                                   int site, const Segment* with = nullptr) {
  char place[140], message[200];
  place_name(place, sizeof place, at);
  if (with == nullptr) {
    snprintf(message, sizeof message, "%s %zu bytes at %s", what, bytes, place);
  } else {
    const uint3 t = thread_of(*with), b = block_of(*with);
    snprintf(message, sizeof message, "%s %s, as does thread (%u,%u,%u) of block (%u,%u,%u), unordered", what, place, t.x, t.y,
             t.z, b.x, b.y, b.z);
  }
  report_fault(kind, blockIdx, threadIdx, code, site, message);
}

// Whether nothing orders the earlier access before the running thread's.
CUPORT_UNCHECKED inline bool unordered(uint32_t earlier, unsigned earlier_kind, uint32_t now, unsigned kind) {
  State& s = state;
  const Segment& a = s.segments[earlier];
  const Segment& b = s.segments[now];
  if (a.grid != b.grid) return false;
  if (a.block == b.block) {
    if (a.thread == b.thread || a.epoch != b.epoch) return false;
    if ((earlier_kind & kind & kAtomic) != 0) return false;
    return a.thread / 32 != b.thread / 32 || a.met >= b.met;
  }
  if ((earlier_kind & kind) != 0) return false;
  if (earlier_kind != 0 && kind != 0) return false;  // volatile polling of an atomic flag
  return !(s.released[a.block] > a.clock && s.acquired >= s.released[a.block]);
}

// An earlier access that nothing orders before this one.
struct Conflict {
  uint32_t found = 0;    // its segment
  bool changed = false;  // a write that made a difference was among them
  bool atomic = true;    // each of them, or this one, is atomic
};

CUPORT_UNCHECKED inline void look(const Track& t, uint32_t now, bool write, unsigned kind, Conflict& out) {
  if (t.write != 0 && unordered(t.write, t.write_kind, now, kind)) {
    out.found = t.write;
    out.changed |= t.changed != 0 || (t.write_kind & kAtomic) != 0;
    out.atomic &= ((t.write_kind | kind) & kAtomic) != 0;
  }
  if (!write) return;
  if (t.read != 0 && unordered(t.read, t.read_kind, now, kind)) out.found = t.read, out.atomic &= (kind & kAtomic) != 0;
  if (t.other_read != 0 && unordered(t.other_read, t.other_kind, now, kind)) {
    out.found = t.other_read, out.atomic &= (kind & kAtomic) != 0;
  }
}

CUPORT_UNCHECKED inline void note_access(Track& t, uint32_t now, bool write, unsigned kind) {
  if (write) {
    t.write = now, t.write_kind = static_cast<uint8_t>(kind), t.changed = 1;
    return;
  }
  const Segment& mine = state.segments[now];
  if (t.read != 0) {
    const Segment& last = state.segments[t.read];
    if (last.thread != mine.thread || last.block != mine.block) t.other_read = t.read, t.other_kind = t.read_kind;
  }
  t.read = now, t.read_kind = static_cast<uint8_t>(kind);
}

// Looks at the last write, which has happened by now.
CUPORT_UNCHECKED inline void settle() {
  State& s = state;
  if (s.pending == nullptr) return;
  const bool changed = memcmp(s.pending, s.before, s.pending_bytes) != 0;
  const uintptr_t at = reinterpret_cast<uintptr_t>(s.pending);
  Region& r = s.device.covers(at) ? s.device : s.shared.covers(at) ? s.shared : s.globals;
  if (!changed) {
    for (unsigned i = 0; i < s.pending_bytes; ++i) {
      if (Cell* c = cell_of(r, at + i)) (s.pending_bytes >= 4 ? c->track : *track_of(r, at + i)).changed = 0;
    }
  }
  if (s.pending_race) {
    fault(changed ? FaultKind::race : FaultKind::race_same_value, at, s.pending_bytes, "writes", s.race_code, s.race_site, &s.race_with);
  }
  s.pending = nullptr, s.pending_race = false;
}

struct Busy {
  CUPORT_UNCHECKED Busy() { state.busy = true; }
  CUPORT_UNCHECKED ~Busy() { state.busy = false; }
};

CUPORT_NOINLINE CUPORT_UNCHECKED inline void access(void* address, unsigned bytes, bool write, unsigned kind, const void* code, int site) {
  State& s = state;
  if (!s.on || s.busy) return;
  const Busy busy;
  const uintptr_t start = reinterpret_cast<uintptr_t>(address);
  Region* region = s.device.covers(start) ? &s.device : s.shared.covers(start) ? &s.shared : s.globals.covers(start) ? &s.globals : nullptr;
  if (region == nullptr) return;
  settle();
  if (bytes <= 16 && (bytes & (bytes - 1)) == 0 && start % bytes != 0) {
    fault(FaultKind::misaligned, start, bytes, write ? "writes" : "reads", code, site);
  }
  const uint32_t now = segment();
  bool outside = false;
  unsigned unwritten = 0;
  Conflict conflict;
  for (uintptr_t p = start; p < start + bytes;) {
    const unsigned first = p % 4, n = start + bytes - p < 4 - first ? static_cast<unsigned>(start + bytes - p) : 4 - first;
    const unsigned mask = ((1u << n) - 1) << first & 15u;
    Cell* c = cell_of(*region, p);
    if (c == nullptr || (c->exists & mask) != mask) {
      outside = true;
    } else {
      if ((!write || (kind & kAtomic) != 0) && (c->written & mask) != mask) {
        unwritten += static_cast<unsigned>(__builtin_popcount(mask & ~c->written & 15u));
      }
      look(c->track, now, write, kind, conflict);
      if (n == 4) {
        for (unsigned i = 0; i < 4 && c->parts != 0; ++i) look(*track_of(*region, p + i), now, write, kind, conflict);
        note_access(c->track, now, write, kind);
      } else {
        c->parts = 1;
        for (unsigned i = 0; i < n; ++i) {
          Track& t = *track_of(*region, p + i);
          look(t, now, write, kind, conflict);
          note_access(t, now, write, kind);
        }
      }
      if (write) c->written = static_cast<uint8_t>((c->written | mask) & 15u);
    }
    p += n;
  }
  if (outside && region != &s.globals) {
    fault(FaultKind::out_of_bounds, start, bytes, write ? "writes" : "reads", code, site);
    return;
  }
  if (unwritten != 0 && (bytes <= 8 || unwritten == bytes)) {
    fault(FaultKind::uninitialised, start, bytes, "reads, before anything was written there,", code, site);
    // once is enough: what was computed from it is the program's business
    for (uintptr_t p = start; p < start + bytes; ++p) {
      if (Cell* c = cell_of(*region, p)) c->written = static_cast<uint8_t>((c->written | 1u << (p % 4)) & 15u);
    }
  }
  if (write && bytes <= 16 && (kind & kAtomic) == 0) {
    s.pending = static_cast<unsigned char*>(address), s.pending_bytes = bytes;
    memcpy(s.before, address, bytes);
    if (conflict.found != 0 && !conflict.atomic) {
      s.pending_race = true, s.race_with = s.segments[conflict.found], s.race_code = code, s.race_site = site;
      return;
    }
  }
  if (conflict.found != 0) {
    const FaultKind what = conflict.atomic ? FaultKind::race_atomic
                           : conflict.changed || write ? FaultKind::race
                                                       : FaultKind::race_same_value;
    fault(what, start, bytes, write ? "writes" : "reads", code, site, &s.segments[conflict.found]);
  }
}

CUPORT_NOINLINE CUPORT_UNCHECKED inline void on_atomic(volatile void* address, unsigned bytes, int site) {
  State& s = state;
  if (!s.on) return;
  access(const_cast<void*>(address), bytes, true, kAtomic, nullptr, site);
  if (s.fenced) s.released[s.block] = ++s.clock, s.current = 0;
  s.acquired = s.clock;
}
CUPORT_UNCHECKED inline void on_fence() { state.fenced = true; }
CUPORT_UNCHECKED inline void on_synchronised() { state.current = 0; }
CUPORT_UNCHECKED inline void on_grid_barrier() { ++state.grid, state.current = 0; }
CUPORT_UNCHECKED inline void end_launch() {
  settle();
  state.on = false;
}

// How far the program was moved when it was loaded, so that addresses can be found in its file.
CUPORT_UNCHECKED inline uintptr_t load_bias() {
  uintptr_t bias = 0;
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* out) {
        *static_cast<uintptr_t*>(out) = info->dlpi_addr;
        return 1;  // the program itself comes first
      },
      &bias);
  return bias;
}

}  // namespace checked
}  // namespace cuport
