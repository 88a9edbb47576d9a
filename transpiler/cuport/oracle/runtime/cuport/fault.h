// What the original does wrong, seen while it runs; and ways to stop: a kernel ends, or the whole process does.
#pragma once
#include "vectors.h"

namespace cuport {

enum class FaultKind {
  out_of_bounds,
  use_after_free,
  uninitialised,
  misaligned,
  race,
  race_same_value,
  race_atomic,  // a plain read beside an atomic update
  divergent_barrier,
  warp_mask,
  deadlock
};

inline const char* name_of(FaultKind kind) {
  static const char* const names[] = {"out-of-bounds", "use-after-free", "uninitialised", "misaligned", "race",
                                      "race-same-value", "race-atomic", "divergent-barrier", "warp-mask", "deadlock"};
  return names[static_cast<int>(kind)];
}

struct Fault {
  FaultKind kind;
  uint3 block, thread;
  const void* code;  // an address in the code that did it, or null
  int site;          // else its line in the rewritten text, or 0
  char message[200];
};

// The first faults of each kind; more of the same tell nothing new.
struct FaultList {
  static constexpr int kMost = 64;
  Fault fault[kMost];
  int count = 0;
  long seen = 0;
};
inline FaultList faults;

CUPORT_NOINLINE CUPORT_QUIET inline void report_fault(FaultKind kind, uint3 block, uint3 thread, const void* code,
                                                      int site, const char* message) {
  ++faults.seen;
  int same_kind = 0;
  for (int i = 0; i < faults.count; ++i) {
    const Fault& f = faults.fault[i];
    if (f.kind != kind) continue;
    if (f.code == code && f.site == site) return;
    if (++same_kind == 8) return;
  }
  if (faults.count == FaultList::kMost) return;
  Fault& f = faults.fault[faults.count++];
  f.kind = kind, f.block = block, f.thread = thread, f.code = code, f.site = site;
  snprintf(f.message, sizeof f.message, "%s", message);
}

[[noreturn]] CUPORT_NOINLINE inline void fatal(const char* message) {
  fflush(stdout);
  fprintf(stderr, "cuport: %s\n", message);
  _Exit(125);
}

}  // namespace cuport
