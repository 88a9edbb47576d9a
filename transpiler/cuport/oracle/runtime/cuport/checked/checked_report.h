// What the checked build says: where an address lies, who the other thread is, in words.
#pragma once
#include <link.h>
#include "checked_order.h"
#include "../host/memory.h"
#include "../cases/registry.h"
#include "../threads/shared.h"

namespace cuport {
namespace checked {

struct State {
  bool busy = false;  // inside a check: what the check itself touches does not count
  Stamp current = 0;  // of the running thread; 0: to be made at its next access
  Stamp long_ago = 0;         // stamps below are ordered before everything that runs now
  Stamp long_ago_shared = 0;  // the same for shared memory
  Region device, globals, shared;
  const void* code = nullptr;  // where the last access was made
  int site = 0;                // its line, where `code` is null
  uintptr_t frame = 0;  // of the launch: host frames lie above
  uint32_t launch = 0;
  uintptr_t stopped_at = ~uintptr_t{0};  // an address that was reported already, if the access traps now
  // A racing write, to be looked at once it has happened: did it change anything?
  unsigned char* pending = nullptr;
  unsigned pending_bytes = 0;
  unsigned char before[16];
  Stamp race_with = 0;
  bool race_wrote = false;
  unsigned race_kinds = 0;
  const void* race_code = nullptr;
  const void* race_other = nullptr;
  int race_site = 0;
  uint3 race_thread = {0, 0, 0}, race_block = {0, 0, 0};
};
inline State state;
inline __thread bool on_device = false;  // this thread of the host runs a launch

// How far the program was moved when it was loaded, so that addresses can be found in its file.
CUPORT_UNCHECKED inline uintptr_t load_bias() {
  static uintptr_t bias = ~uintptr_t{0};
  if (bias != ~uintptr_t{0}) return bias;
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* out) {
        *static_cast<uintptr_t*>(out) = info->dlpi_addr;
        return 1;  // the program itself comes first
      },
      &bias);
  return bias;
}

// Buffers that were freed lately.
struct Freed {
  const char* base;
  size_t bytes;
};
inline Freed freed[64];
inline unsigned freed_count = 0;
CUPORT_UNCHECKED inline const Freed* find_freed(uintptr_t at) {
  for (unsigned i = freed_count; i-- > 0 && freed_count - i <= 64;) {
    const Freed& f = freed[i % 64];
    if (at - reinterpret_cast<uintptr_t>(f.base) < f.bytes) return &f;
  }
  return nullptr;
}

CUPORT_UNCHECKED inline const Allocation* find_live(uintptr_t at) {
  const Allocation* a = device_memory.find(reinterpret_cast<const void*>(at));
  return a != nullptr && at < reinterpret_cast<uintptr_t>(a->base) + a->bytes ? a : nullptr;
}

// A shared variable's size and where it starts, or those of the nearest; `dynamic`: it is the launch's own.
struct SharedPlace {
  long long byte;
  size_t bytes;
  bool dynamic;
};
inline size_t dynamic_bytes = 0;  // of the launch
CUPORT_UNCHECKED inline SharedPlace shared_place(uintptr_t at) {
  const auto offset = static_cast<long long>(at - reinterpret_cast<uintptr_t>(state.shared.base));
  SharedPlace found{offset, 0, true};
  long long nearest = -1;
  const auto consider = [&](size_t start, size_t size, bool dynamic) CUPORT_UNCHECKED {
    const auto from = static_cast<long long>(start), to = from + static_cast<long long>(size);
    const long long distance = offset < from ? from - offset : offset < to ? 0 : offset - to + 1;
    if (nearest < 0 || distance < nearest) nearest = distance, found = SharedPlace{offset - from, size, dynamic};
  };
  for (SharedRecord* r = shared_records; r != nullptr; r = r->next) consider(r->offset, r->size, false);
  if (dynamic_bytes != 0) consider(shared_dynamic_offset(), dynamic_bytes * CUPORT_SHARED_SCALE, true);
  return found;
}

inline const char* host_variable = nullptr;  // where a mistaken address lies, as linkers name it

CUPORT_UNCHECKED inline void place_name(char* out, size_t room, uintptr_t at) {
  State& s = state;
  if (host_variable != nullptr) {
    snprintf(out, room, "the host's variable <%s>", host_variable);
    host_variable = nullptr;
    return;
  }
  if (s.shared.covers(at)) {
    const SharedPlace p = shared_place(at);
    snprintf(out, room, "byte %lld of %s memory (%zu bytes)", p.byte, p.dynamic ? "dynamic shared" : "a variable in shared", p.bytes);
    return;
  }
  const GlobalVariable* near_global = nullptr;
  long long nearest = 4096;
  for (const GlobalVariable* g = global_variables; g != nullptr; g = g->next) {
    const uintptr_t base = reinterpret_cast<uintptr_t>(g->address);
    const auto distance = static_cast<long long>(at < base ? base - at : at < base + g->bytes ? 0 : at - (base + g->bytes) + 1);
    if (distance < nearest) nearest = distance, near_global = g;
  }
  if (near_global != nullptr) {
    snprintf(out, room, "byte %lld of %s (%zu bytes)", static_cast<long long>(at - reinterpret_cast<uintptr_t>(near_global->address)),
             near_global->name, near_global->bytes);
    return;
  }
  if (!device_memory.contains(reinterpret_cast<const void*>(at))) {
    snprintf(out, room, at < 4096 ? "address 0x%zx, off a null pointer" : "address 0x%zx, which is not on the device",
             static_cast<size_t>(at));
    return;
  }
  if (const Freed* f = find_live(at) != nullptr ? nullptr : find_freed(at)) {
    snprintf(out, room, "byte %zu of %s (%zu bytes), which was freed", static_cast<size_t>(at - reinterpret_cast<uintptr_t>(f->base)),
             buffer_name(f->base), f->bytes);
    return;
  }
  const Allocation* near_buffer = nullptr;
  size_t shortest = ~size_t{0};
  for (size_t i = 0; i < device_memory.count(); ++i) {
    const Allocation& a = device_memory[i];
    const uintptr_t base = reinterpret_cast<uintptr_t>(a.base);
    const size_t d = at < base ? base - at : at < base + a.bytes ? 0 : at - (base + a.bytes);
    if (d < shortest) shortest = d, near_buffer = &a;
  }
  if (near_buffer == nullptr) {
    snprintf(out, room, "address 0x%zx, where no buffer is", static_cast<size_t>(at));
    return;
  }
  snprintf(out, room, "byte %lld of %s (%zu bytes)", static_cast<long long>(at - reinterpret_cast<uintptr_t>(near_buffer->base)),
           buffer_name(near_buffer->base), near_buffer->bytes);
}

CUPORT_UNCHECKED inline uint3 thread_of(Stamp s) {
  const unsigned t = interval_of(s).warp * 32 + s % 32, row = t / blockDim.x;
  return uint3{t % blockDim.x, row % blockDim.y, row / blockDim.y};
}
CUPORT_UNCHECKED inline uint3 block_of(Stamp s) {
  const unsigned b = interval_of(s).block;
  return uint3{b % gridDim.x, b / gridDim.x % gridDim.y, b / gridDim.x / gridDim.y};
}

// A fault at an address: `what` says what the running thread does there.
CUPORT_NOINLINE CUPORT_UNCHECKED inline void fault(FaultKind kind, uintptr_t at, size_t bytes, const char* what, const void* code,
                                                   int site) {
  if (!fault_is_new(kind, code, site)) return;
  if (at == state.stopped_at && bytes == 1) return;  // the same access traps
  if (kind == FaultKind::out_of_bounds) state.stopped_at = at;
  char place[140], message[kFaultMessage];
  place_name(place, sizeof place, at);
  snprintf(message, sizeof message, "%s %zu byte%s at %s", what, bytes, bytes == 1 ? "" : "s", place);
  report_fault(kind, blockIdx, threadIdx, code, site, message);
}

// Two accesses that nothing orders. `other_code`: where the other one wrote, if that is known.
CUPORT_NOINLINE CUPORT_UNCHECKED inline void race(FaultKind kind, uintptr_t at, bool write, unsigned own, Stamp with, bool with_write,
                                                  unsigned kinds, const void* other_code, const void* code, int site) {
  if (!fault_is_new(kind, code, site)) return;
  char place[140], message[kFaultMessage], line[40] = "";
  place_name(place, sizeof place, at);
  if (with_write && other_code != nullptr) {
    snprintf(line, sizeof line, " at {%zx}", reinterpret_cast<size_t>(other_code) - load_bias());
  }
  const uint3 t = thread_of(with), b = block_of(with);
  const bool same_warp = interval_of(with).block == order.now->block && interval_of(with).warp == thread_index() / 32;
  snprintf(message, sizeof message, "%s %s, which thread (%u,%u,%u) of block (%u,%u,%u) %s%s, unordered%s%s", (own & kAtomic) != 0 ? "updates atomically" : write ? "writes" : "reads",
           place, t.x, t.y, t.z, b.x, b.y, b.z, (kinds & kAtomic) != 0 ? "updates atomically" : with_write ? "writes" : "reads", line,
           kind == FaultKind::race_same_value ? ", the same value" : "",
           same_warp ? ": lanes of one warp, which move together only by __syncwarp() (warp-synchronous code)" : "");
  report_fault(kind, blockIdx, threadIdx, code, site, message);
}

}  // namespace checked
}  // namespace cuport
