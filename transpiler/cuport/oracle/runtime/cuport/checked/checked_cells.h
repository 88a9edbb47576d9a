// The checked build's view of memory: a cell for every four bytes of device, shared and global variables says which bytes
// exist, which were written, and who read and wrote them last.
//
// "Who" is a stamp: an interval (a stretch of a warp's life between two synchronisations, numbered in the order in which
// they begin) times 32 plus the lane. Stamps only grow, also from launch to launch, so that "long ago" is one comparison.
#pragma once
#include <sys/mman.h>
#include "../threads/fault.h"

namespace cuport {
namespace checked {

#define CUPORT_UNCHECKED __attribute__((no_sanitize("thread", "undefined")))
#define CUPORT_FAST __attribute__((always_inline)) CUPORT_UNCHECKED inline

using Stamp = uint32_t;

enum : uint8_t { kAtomic = 1, kVolatile = 2 };
enum : uint8_t { kWriteShift = 0, kReadShift = 2, kOtherShift = 4, kUnchanged = 0x40, kParts = 0x80 };

// Accesses to one stretch of bytes. Two readers are kept, of different threads and rather of different warps.
struct Track {
  Stamp write, read, other;
  uint8_t bytes;   // of a cell: bits 0-3: exists, 4-7: written
  uint8_t kinds;   // two bits each for write, read, other; kUnchanged: the last write made no difference; kParts
  uint16_t place;  // of the last write in the code: an index into `places`
};
// With kParts, `write` is the index of four tracks, one a byte, and `read` says in which launch that was.
using Cell = Track;

struct Region {
  char* base = nullptr;
  size_t bytes = 0;
  size_t ready = 0;       // bytes that have cells
  Cell* cells = nullptr;  // one for four bytes
  CUPORT_UNCHECKED bool covers(uintptr_t at) const { return at - reinterpret_cast<uintptr_t>(base) < bytes; }
};

CUPORT_UNCHECKED inline Cell* cell_of(const Region& r, uintptr_t at) {
  const size_t offset = at - reinterpret_cast<uintptr_t>(r.base);
  return offset < r.ready ? r.cells + offset / 4 : nullptr;
}

CUPORT_UNCHECKED inline void* reserve(size_t bytes) {
  void* at = mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED) fatal("no memory for the checked build");
  return at;
}
// Cells for the first `bytes` of a region.
CUPORT_UNCHECKED inline void extend(Region& r, size_t bytes) {
  if (r.cells == nullptr) r.cells = static_cast<Cell*>(reserve((r.bytes / 4 + 2) * sizeof(Cell)));
  if (bytes <= r.ready) return;
  const size_t need = ((bytes / 4 + 2) * sizeof(Cell) + 4095) / 4096 * 4096;
  if (mprotect(static_cast<void*>(r.cells), need, PROT_READ | PROT_WRITE) != 0) fatal("no memory for the checked build");
  madvise(static_cast<void*>(r.cells), need, MADV_HUGEPAGE);  // fewer pages to be found for each access
  r.ready = bytes;
}

CUPORT_UNCHECKED inline unsigned part_mask(uintptr_t at, uintptr_t end, unsigned& n) {
  const unsigned first = at % 4;
  n = end - at < 4 - first ? static_cast<unsigned>(end - at) : 4 - first;
  return ((1u << n) - 1) << first & 15u;
}

// Sets which bytes exist and which were written; forgets who touched cells that come or go as a whole.
CUPORT_UNCHECKED inline void mark(Region& r, const void* at, size_t bytes, bool exists, bool written) {
  const uintptr_t start = reinterpret_cast<uintptr_t>(at);
  for (uintptr_t p = start; p < start + bytes;) {
    Cell* c = cell_of(r, p);
    if (c == nullptr) return;
    unsigned n;
    const unsigned mask = part_mask(p, start + bytes, n);
    if (n == 4) {
      *c = Cell{0, 0, 0, static_cast<uint8_t>((exists ? 0x0F : 0) | (written ? 0xF0 : 0)), 0, 0};
    } else {
      unsigned b = c->bytes & ~(mask | mask << 4);
      if (exists) b |= mask;
      if (written) b |= mask << 4;
      c->bytes = static_cast<uint8_t>(b);
    }
    p += n;
  }
}

CUPORT_UNCHECKED inline void mark_written(const Region& r, const void* at, size_t bytes, bool written) {
  const uintptr_t start = reinterpret_cast<uintptr_t>(at);
  for (uintptr_t p = start; p < start + bytes;) {
    Cell* c = cell_of(r, p);
    if (c == nullptr) return;
    unsigned n;
    const unsigned mask = part_mask(p, start + bytes, n) << 4;
    c->bytes = static_cast<uint8_t>(written ? c->bytes | mask : c->bytes & ~mask);
    p += n;
  }
}

// Places in the code where something was written, by a hash of their address; a later one may take an earlier one's room.
inline const void* places[1 << 16];
CUPORT_FAST uint16_t place_of(const void* code) {
  const auto i = static_cast<uint16_t>(reinterpret_cast<uintptr_t>(code) * 0x9E3779B97F4A7C15u >> 48);
  places[i] = code;
  return i;
}

// Tracks of single bytes, of this launch.
struct Parts {
  Track byte[4];
};
inline Parts* parts = nullptr;
inline uint32_t part_count = 0, part_capacity = 0;
CUPORT_UNCHECKED inline uint32_t new_parts() {
  if (part_count == part_capacity) {
    const uint32_t more = part_capacity == 0 ? 1024 : part_capacity * 2;
    auto* grown = static_cast<Parts*>(realloc(static_cast<void*>(parts), size_t{more} * sizeof(Parts)));
    if (grown == nullptr) fatal("no memory for the checked build");
    parts = grown, part_capacity = more;
  }
  memset(static_cast<void*>(parts + part_count), 0, sizeof(Parts));
  return part_count++;
}

}  // namespace checked
}  // namespace cuport
