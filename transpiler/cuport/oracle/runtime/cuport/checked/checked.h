// The checked build: every access of device code comes by here (checked_callbacks.h). Finds accesses out of bounds, reads of
// what nobody wrote, misaligned accesses, and races: two threads, at least one of them writing, with nothing in between
// that orders them (checked_order.h). Two atomics never race, nor do two volatile accesses of different blocks.
//
// The common cases are decided in `quick`, inlined into each callback; `access` knows them all.
#pragma once
#include "checked_place.h"

namespace cuport {
namespace checked {

struct Busy {
  CUPORT_UNCHECKED Busy() { state.busy = true; }
  CUPORT_UNCHECKED ~Busy() { state.busy = false; }
};

// An earlier access that nothing orders before this one.
struct Conflict {
  Stamp with = 0;
  bool wrote = false;    // it was a write
  bool changed = false;  // a write that made a difference was among them
  bool atomic = true;    // only plain reads beside atomic updates
  unsigned kinds = 0;
  const void* code = nullptr;
};

CUPORT_UNCHECKED inline bool harmless(Stamp earlier, unsigned earlier_kind, unsigned kind, Stamp now) {
  if ((earlier_kind & kind & kAtomic) != 0) return true;
  if (earlier_kind == 0 || kind == 0) return false;
  // volatile polling of a flag; lanes of one warp that count on moving together are told so
  return interval_of(earlier).block != interval_of(now).block || ((earlier_kind | kind) & kAtomic) != 0;
}

CUPORT_UNCHECKED inline void consider(Conflict& out, Stamp earlier, unsigned earlier_kind, bool wrote, Stamp now, bool write,
                                      unsigned kind) {
  if (earlier < order.grid * 32 || earlier == now || !unordered(earlier, now) || harmless(earlier, earlier_kind, kind, now)) return;
  out.with = earlier, out.wrote = wrote, out.kinds = earlier_kind;
  out.atomic &= wrote ? !write && (earlier_kind & kAtomic) != 0 : (kind & kAtomic) != 0;
}

CUPORT_UNCHECKED inline void look(const Track& t, Stamp now, bool write, unsigned kind, Conflict& out) {
  if (write) {
    consider(out, t.read, t.kinds >> kReadShift & 3u, false, now, write, kind);
    consider(out, t.other, t.kinds >> kOtherShift & 3u, false, now, write, kind);
  }
  const Stamp before = out.with;
  consider(out, t.write, t.kinds & 3u, true, now, write, kind);
  if (out.wrote && out.with != before) out.changed |= (t.kinds & kUnchanged) == 0, out.code = places[t.place];
}

CUPORT_FAST void set_kind(Track& t, int shift, unsigned kind) {
  t.kinds = static_cast<uint8_t>((t.kinds & ~(3u << shift)) | kind << shift);
}

CUPORT_FAST void note_read(Track& t, Stamp now, unsigned kind, Stamp old) {
  if (t.read == now || t.read < old) {
    t.read = now, set_kind(t, kReadShift, kind);
  } else if (t.other == now || t.other < old) {
    t.other = now, set_kind(t, kOtherShift, kind);
  } else if ((kind == 0 || kind == (t.kinds >> kReadShift & 3u)) && !unordered(t.read, now)) {
    t.read = now, set_kind(t, kReadShift, kind);  // whoever races with that read races with this one, too
  } else if (t.other / 32 == t.read / 32 || now / 32 != t.read / 32) {
    t.other = now, set_kind(t, kOtherShift, kind);
  }
}
CUPORT_FAST void note_write(Track& t, Stamp now, unsigned kind, uint16_t place) {
  if (t.write == now) kind &= t.kinds;  // an atomic does not hide the thread's own plain write
  t.write = now, t.place = place;
  t.kinds = static_cast<uint8_t>((t.kinds & ~(3u | kUnchanged)) | kind);
}

CUPORT_UNCHECKED inline Track* parts_of(Cell& c) {
  if ((c.kinds & kParts) != 0 && c.read == state.launch) return parts[c.write].byte;
  const uint32_t i = new_parts();
  if ((c.kinds & kParts) == 0) {
    for (Track& t : parts[i].byte) t = c;
  }
  c.write = i, c.read = state.launch, c.other = 0, c.kinds = kParts;
  return parts[i].byte;
}

CUPORT_UNCHECKED inline Region& region_at(uintptr_t at) {
  State& s = state;
  return s.device.covers(at) ? s.device : s.shared.covers(at) ? s.shared : s.globals;
}

// Looks at a racing write, which has happened by now.
CUPORT_UNCHECKED inline void settle() {
  State& s = state;
  if (s.pending == nullptr) return;
  const bool changed = memcmp(s.pending, s.before, s.pending_bytes) != 0;
  const uintptr_t at = reinterpret_cast<uintptr_t>(s.pending);
  Region& r = region_at(at);
  for (unsigned i = 0; i < s.pending_bytes && !changed; ++i) {
    Cell* c = cell_of(r, at + i);
    if (c == nullptr) continue;
    Track& t = (c->kinds & kParts) != 0 ? parts_of(*c)[(at + i) % 4] : *c;
    t.kinds |= kUnchanged;
  }
  const FaultKind kind = changed ? FaultKind::race : FaultKind::race_same_value;
  const uint3 thread = threadIdx, block = blockIdx;
  threadIdx = s.race_thread, blockIdx = s.race_block;  // another thread may run by now
  race(kind, at, true, 0, s.race_with, s.race_wrote, s.race_kinds, s.race_other, s.race_code, s.race_site);
  threadIdx = thread, blockIdx = block;
  s.pending = nullptr;
}

CUPORT_UNCHECKED inline Stamp stamp() {
  State& s = state;
  if (s.current == 0) s.current = make_stamp();
  return s.current;
}

// Fresh memory that nobody was seen to write: whether it still holds the pattern, for somebody else may have written it.
CUPORT_UNCHECKED inline bool still_fresh(uintptr_t at) {
  const auto pattern = static_cast<unsigned char>(at % 2 == 0 ? kPoison & 0xFF : kPoison >> 8);
  return *reinterpret_cast<const unsigned char*>(at) == pattern;
}

// An access to neither device nor shared memory nor a variable: its own stack, constants of the program, or a mistake.
CUPORT_NOINLINE CUPORT_UNCHECKED inline void elsewhere(uintptr_t at, unsigned bytes, bool write, const void* code, int site) {
  State& s = state;
  const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  if (at - here < 16384 && at < s.frame) return;
  for (unsigned i = 0; i < order.residents; ++i) {  // the shared memory of another block of the cluster
    const Region& r = order.resident[i]->shared;
    if (r.covers(at) && order.resident[i]->block != ~0u && (cell_of(r, at)->bytes & 15u) != 0) return;
  }
  const bool on_host_stack = at >= s.frame && at - s.frame < (8u << 20);
  if (on_host_stack && is_registered != nullptr && is_registered(reinterpret_cast<const void*>(at))) return;
  if (at >= 4096 && !on_host_stack && !is_mistake(at)) return;
  fault(FaultKind::out_of_bounds, at, bytes, write ? "writes" : "reads", code, site);
}

// The running block uses its shared memory for the first time.
CUPORT_UNCHECKED inline void touch_shared() {
  order.now->touched = true;
  state.shared = order.now->shared;
}

CUPORT_UNCHECKED inline Region* find_region(uintptr_t at) {
  State& s = state;
  return s.device.covers(at) ? &s.device : s.shared.covers(at) ? &s.shared : s.globals.covers(at) ? &s.globals : nullptr;
}

CUPORT_UNCHECKED inline unsigned fresh_bytes(uintptr_t at, unsigned n) {
  unsigned fresh = 0;
  for (unsigned i = 0; i < n; ++i) fresh += still_fresh(at + i) ? 1u : 0u;
  return fresh;
}

// A plain store, after a fence, to what was updated atomically before: a lock is opened.
CUPORT_UNCHECKED inline bool gives_back(Region& r, uintptr_t at) {
  const Cell* c = cell_of(r, at);
  if (c == nullptr || (c->kinds & (kParts | kAtomic)) != kAtomic || !fenced()) return false;
  release(reinterpret_cast<const void*>(at));
  return true;
}

CUPORT_NOINLINE CUPORT_UNCHECKED inline void access(void* address, size_t bytes, bool write, unsigned kind, bool aligned, const void* code,
                                                    int site) {
  State& s = state;
  const uintptr_t start = reinterpret_cast<uintptr_t>(address), end = start + bytes;
  if (!on_device || s.busy) {
    if (!on_device && write && s.device.covers(start)) mark_written(s.device, address, bytes, true);
    return;
  }
  const Busy busy;
  s.code = code, s.site = site;
  Region* region = find_region(start);
  if (region == &s.shared && s.shared.ready == 0) touch_shared();
  if (region == nullptr) return elsewhere(start, static_cast<unsigned>(bytes), write, code, site);
  settle();
  if (aligned && start % bytes != 0) {
    fault(FaultKind::misaligned, start, bytes, write ? "writes" : "reads", code, site);
  }
  if (write && kind == 0 && gives_back(*region, start)) kind = kVolatile;
  const Stamp now = stamp();
  const Stamp old = region == &s.shared ? s.long_ago_shared : s.long_ago;
  const uint16_t place = place_of(code);
  uintptr_t outside = 0;  // the first byte that does not exist
  unsigned unwritten = 0;
  Conflict conflict;
  for (uintptr_t p = start; p < end;) {
    unsigned n;
    const unsigned mask = part_mask(p, end, n);
    Cell* c = cell_of(*region, p);
    if (c == nullptr || (c->bytes & mask) != mask) {
      if (outside == 0) outside = p;
    } else {
      if ((!write || (kind & kAtomic) != 0) && (c->bytes >> 4 & mask) == 0) unwritten += fresh_bytes(p, n);
      if (n == 4 && (c->kinds & kParts) == 0) {
        look(*c, now, write, kind, conflict);
        if (write) note_write(*c, now, kind, place); else note_read(*c, now, kind, old);
      } else {
        Track* t = parts_of(*c) + p % 4;
        for (unsigned i = 0; i < n; ++i) {
          look(t[i], now, write, kind, conflict);
          if (write) note_write(t[i], now, kind, place); else note_read(t[i], now, kind, old);
        }
      }
      if (write) c->bytes = static_cast<uint8_t>(c->bytes | mask << 4);
    }
    p += n;
  }
  if (outside != 0) {
    if (region == &s.globals && !is_mistake(start)) return;
    const Allocation* live = region == &s.device ? find_live(outside) : nullptr;
    if (live != nullptr && live->bytes > 1) {  // the runtime made it without a word; one byte stands for an empty buffer
      mark(*region, live->base, live->bytes, true, false);
      if (end <= reinterpret_cast<uintptr_t>(live->base) + live->bytes) return;
    }
    const bool after_free = region == &s.device && find_freed(outside) != nullptr && find_live(start) == nullptr;
    fault(after_free ? FaultKind::use_after_free : FaultKind::out_of_bounds, start, bytes, write ? "writes" : "reads", code, site);
    return;
  }
  if (unwritten != 0) {
    // A copied struct may have holes: they say nothing.
    if (bytes <= 8 || unwritten == bytes) {
      fault(FaultKind::uninitialised, start, bytes, "reads, before anything was written there,", code, site);
    }
    mark_written(*region, address, bytes, true);  // once is enough
  }
  if (conflict.with == 0) return;
  if (write && bytes <= 16 && (kind & kAtomic) == 0 && !conflict.atomic) {
    s.pending = static_cast<unsigned char*>(address), s.pending_bytes = static_cast<unsigned>(bytes);
    memcpy(s.before, address, bytes);
    s.race_with = conflict.with, s.race_wrote = conflict.wrote, s.race_kinds = conflict.kinds, s.race_other = conflict.code;
    s.race_code = code, s.race_site = site, s.race_thread = threadIdx, s.race_block = blockIdx;
    return;
  }
  const FaultKind what = conflict.atomic ? FaultKind::race_atomic
                         : conflict.changed || write ? FaultKind::race
                                                     : FaultKind::race_same_value;
  race(what, start, write, kind, conflict.with, conflict.wrote, conflict.kinds, conflict.code, code, site);
}

CUPORT_FAST uintptr_t stack_pointer() {
#if defined(__x86_64__)
  uintptr_t at;
  asm("movq %%rsp, %0" : "=r"(at));
  return at;
#else
  return reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
#endif
}

template <bool Write>
CUPORT_FAST bool is_plain(const Track& x, Stamp now, Stamp old) {
  const bool known = x.write == now || x.write < old;
  if (!Write) return known;
  return known && (x.read == now || x.read < old) && (x.other == now || x.other < old);
}

// What most accesses are: of whole words, all there and written, which no other thread touched lately.
template <unsigned N, bool Write>
CUPORT_FAST void quick(void* address, const void* code) {
  State& s = state;
  const uintptr_t at = reinterpret_cast<uintptr_t>(address);
  constexpr unsigned count = N < 4 ? 1 : N / 4;
  size_t offset = at - reinterpret_cast<uintptr_t>(s.device.base);
  Cell* c;
  Stamp old;
  if (offset < s.device.ready) {
    c = s.device.cells + offset / 4, old = s.long_ago;
  } else if ((offset = at - reinterpret_cast<uintptr_t>(s.shared.base)) < s.shared.ready) {
    c = s.shared.cells + offset / 4, old = s.long_ago_shared;
  } else {
    if ((at - stack_pointer() < 4096 && at < s.frame) || !on_device) return;
    return access(address, N, Write, 0, false, code, 0);
  }
  const Stamp now = s.current;
  if (CUPORT_UNLIKELY(!on_device || now == 0 || s.pending != nullptr || at % N != 0)) return access(address, N, Write, 0, false, code, 0);
  Track* t = c;
  unsigned need = Write ? 15u : 0xFFu;
  if (N < 4) {
    if ((c->kinds & kParts) == 0 || c->read != s.launch) return access(address, N, Write, 0, false, code, 0);
    t = parts[c->write].byte + at % 4;
    need = ((1u << N) - 1) << at % 4;
    if (!Write) need |= need << 4;
  }
  bool plain = true;
  for (unsigned i = 0; i < count; ++i) {
    plain = plain && (c[i].bytes & need) == need && (N < 4 || (c[i].kinds & kParts) == 0) && is_plain<Write>(t[i], now, old);
  }
  if (N == 2) plain = plain && is_plain<Write>(t[1], now, old);
  if (CUPORT_UNLIKELY(!plain)) return access(address, N, Write, 0, false, code, 0);
  s.code = code;
  constexpr unsigned tracks = N < 4 ? N : count;
  if (Write) {
    const uint16_t place = place_of(code);
    for (unsigned i = 0; i < tracks; ++i) note_write(t[i], now, 0, place);
    for (unsigned i = 0; i < count; ++i) c[i].bytes = static_cast<uint8_t>(c[i].bytes | need << 4);
  } else {
    for (unsigned i = 0; i < tracks; ++i) {
      if (t[i].read != now && t[i].other != now) note_read(t[i], now, 0, old);
    }
  }
}

CUPORT_NOINLINE CUPORT_UNCHECKED inline void on_volatile(void* address, unsigned bytes, bool write, const void* code) {
  State& s = state;
  unsigned kind = kVolatile;
  const bool counts = on_device && !s.busy && find_region(reinterpret_cast<uintptr_t>(address)) != nullptr;
  const bool releases = counts && write && fenced();
  if (releases) kind |= kAtomic;
  access(address, bytes, write, kind, false, code, 0);
  if (!counts) return;
  if (releases) release(address), s.current = 0;
  if (!write) acquire(address);
}

CUPORT_NOINLINE CUPORT_UNCHECKED inline void on_atomic(volatile void* address, unsigned bytes, int site) {
  State& s = state;
  if (!on_device) return;
  access(const_cast<void*>(address), bytes, true, kAtomic, true, nullptr, site);
  acquire(address);
  if (fenced()) release(address), s.current = 0;
}

// The running kernel does not end. `code`: where it is, if that is known.
CUPORT_UNCHECKED inline void report_hang(const char* what, const void* code) {
  char message[kFaultMessage];
  if (state.code == nullptr) return report_fault(FaultKind::deadlock, blockIdx, threadIdx, nullptr, state.site, what);
  snprintf(message, sizeof message, "%s; last access at {%zx}", what, reinterpret_cast<size_t>(state.code) - load_bias());
  report_fault(FaultKind::deadlock, blockIdx, threadIdx, code, 0, message);
}

// See CUPORT_READS. A scalar is seen by itself; what a constructor copies, too.
template <class T>
CUPORT_NOINLINE CUPORT_UNCHECKED T&& reads(T&& value) {
  using Plain = std::remove_reference_t<T>;
  if constexpr (std::is_lvalue_reference_v<T> && std::is_class_v<Plain> && std::is_trivially_copyable_v<Plain> && !std::is_empty_v<Plain>) {
    if (on_device) access(const_cast<std::remove_cv_t<Plain>*>(&value), sizeof(Plain), false, 0, false, __builtin_return_address(0), 0);
  }
  return static_cast<T&&>(value);
}

// A copy or fill by a library function.
CUPORT_NOINLINE CUPORT_UNCHECKED inline void on_copy(void* to, const void* from, size_t bytes, const void* code) {
  State& s = state;
  if (bytes == 0 || s.busy) return;
  if (on_device) {
    if (from != nullptr) access(const_cast<void*>(from), bytes, false, 0, false, code, 0);
    access(to, bytes, true, 0, false, code, 0);
    return;
  }
  const uintptr_t at = reinterpret_cast<uintptr_t>(to), source = reinterpret_cast<uintptr_t>(from);
  if (!s.device.covers(at)) return;
  if (from == nullptr || !s.device.covers(source)) return mark_written(s.device, to, bytes, true);
  for (size_t i = 0; i < bytes; ++i) {  // on the device what was never written stays so
    const Cell* c = cell_of(s.device, source + i);
    const bool written = c == nullptr || (c->bytes >> (4 + (source + i) % 4) & 1u) != 0 || !still_fresh(source + i);
    mark_written(s.device, static_cast<char*>(to) + i, 1, written);
  }
}

}  // namespace checked
}  // namespace cuport
#include "checked_launch.h"
