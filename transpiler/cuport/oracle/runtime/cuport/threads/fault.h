// What the original does wrong, seen while it runs; and ways to stop: a kernel ends, or the whole process does.
#pragma once
#include "../numbers/vectors.h"

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
  deadlock,
  division_by_zero  // of integers: gives a value nobody promised, and goes on
};

inline const char* name_of(FaultKind kind) {
  static const char* const names[] = {"out-of-bounds", "use-after-free",  "uninitialised",     "misaligned", "race",    "race-same-value",
                                      "race-atomic",   "divergent-barrier", "warp-mask", "deadlock", "division-by-zero"};
  return names[static_cast<int>(kind)];
}

constexpr size_t kFaultMessage = 320;

struct Fault {
  FaultKind kind;
  uint3 block, thread;
  const char* kernel;
  const void* code;  // an address in the code that did it, or null
  int site;          // else its line in the rewritten text, or 0
  char message[kFaultMessage];
};

// The first faults of each kind in each kernel; more of the same tell nothing new.
struct FaultList {
  static constexpr int kMost = 256;
  Fault fault[kMost];
  int count = 0;
  int written = 0;  // those that a report holds already
  long seen = 0;
  const char* kernel = "";  // that runs now
};
inline FaultList faults;

// Whether a fault is to be reported: not yet known at this place, and not one of too many.
CUPORT_NOINLINE CUPORT_QUIET inline bool fault_is_new(FaultKind kind, const void* code, int site) {
  int same_kind = 0;
  for (int i = 0; i < faults.count; ++i) {
    const Fault& f = faults.fault[i];
    if (f.kind != kind || f.kernel != faults.kernel) continue;
    if (f.code == code && f.site == site) return ++faults.seen, false;
    if (++same_kind == 8) return ++faults.seen, false;
  }
  return faults.count != FaultList::kMost;
}

CUPORT_OUTLINED(CUPORT_QUIET, void, report_fault, (FaultKind kind, uint3 block, uint3 thread, const void* code,
                                                      int site, const char* message)) {
  if (!fault_is_new(kind, code, site)) return;
  ++faults.seen;
  Fault& f = faults.fault[faults.count++];
  f.kind = kind, f.block = block, f.thread = thread, f.kernel = faults.kernel, f.code = code, f.site = site;
  snprintf(f.message, sizeof f.message, "%s", message);
}

// One line of a report; `bias`: how far the program was moved when it was loaded.
CUPORT_COLD CUPORT_QUIET inline void print_fault(FILE* out, const Fault& f, size_t bias) {
  fprintf(out, "fault %s %u %u %u %u %u %u %zx %d %s %s\n", name_of(f.kind), f.block.x, f.block.y, f.block.z, f.thread.x, f.thread.y,
          f.thread.z, f.code == nullptr ? 0 : reinterpret_cast<size_t>(f.code) - bias, f.site, f.kernel[0] == 0 ? "-" : f.kernel,
          f.message);
}

[[noreturn]] CUPORT_NOINLINE inline void fatal(const char* message) {
  fflush(stdout);
  fprintf(stderr, "cuport: %s\n", message);
  _Exit(125);
}

}  // namespace cuport
