// Which addresses outside the device's memory device code may touch: its own stack and those of its block, constants in
// the program's file, memory it allocated itself. What is left is a mistake: host memory, or past the end of a variable.
#pragma once
#include <unistd.h>
#include "checked_report.h"

namespace cuport {
namespace checked {

inline bool (*is_registered)(const void* at) = nullptr;  // cudaHostRegister: set by programs with host code

// Memory from malloc() and new in device code.
inline uintptr_t heap_low = ~uintptr_t{0}, heap_high = 0;

CUPORT_UNCHECKED inline bool on_a_stack(uintptr_t at) {
  const auto tls = reinterpret_cast<uintptr_t>(&on_device);
  if (at - (tls - 65536) < 131072) return true;
  if (worker.block == nullptr || !worker.fibers) return false;
  if (at - reinterpret_cast<uintptr_t>(worker.block) < sizeof(Block)) return true;
  for (const char* top : worker.block->stack) {
    if (top != nullptr && reinterpret_cast<uintptr_t>(top) - at <= kStackBytes + kPage) return true;
  }
  return false;
}

// A byte of the program's file as it was loaded: 0: none, 1: constant, 2: a variable.
CUPORT_UNCHECKED inline int in_program(uintptr_t at) {
  struct Query {
    uintptr_t at;
    int found;
  } query{at, 0};
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* out) CUPORT_UNCHECKED {
        auto* q = static_cast<Query*>(out);
        for (int i = 0; i < info->dlpi_phnum; ++i) {
          const auto& segment = info->dlpi_phdr[i];
          if (segment.p_type != PT_LOAD || q->at - (info->dlpi_addr + segment.p_vaddr) >= segment.p_memsz) continue;
          q->found = (segment.p_flags & PF_W) != 0 ? 2 : 1;
        }
        return q->found;
      },
      &query);
  return query.found;
}

CUPORT_UNCHECKED inline bool near_a_global(uintptr_t at) {
  for (const GlobalVariable* g = global_variables; g != nullptr; g = g->next) {
    const uintptr_t base = reinterpret_cast<uintptr_t>(g->address);
    if (at - (base - 256) < g->bytes + 256 + (g->bytes < 1024 ? 1024 : g->bytes)) return true;
  }
  return false;
}

// The start and the end of the mapping that holds an address, of this process; false if there is none.
CUPORT_UNCHECKED inline bool is_anonymous(uintptr_t at) {
  FILE* maps = fopen("/proc/self/maps", "r");
  if (maps == nullptr) return false;
  char line[400];
  bool found = false;
  while (fgets(line, sizeof line, maps) != nullptr) {
    unsigned long from, to, inode;
    char rights[8];
    if (sscanf(line, "%lx-%lx %7s %*s %*s %lu", &from, &to, rights, &inode) != 4 || at < from || at >= to) continue;
    found = inode == 0 && rights[0] == 'r' && strstr(line, "[v") == nullptr;
    break;
  }
  fclose(maps);
  return found;
}

// Verdicts by page of the running launch, for accesses that are legal and many.
struct Verdict {
  uintptr_t page;
  uint32_t launch;
};
inline Verdict allowed[256];

CUPORT_NOINLINE CUPORT_UNCHECKED inline bool is_mistake(uintptr_t at) {
  Verdict& known = allowed[at / 4096 % 256];
  if (known.page == at / 4096 && known.launch == state.launch) return false;
  if (at >= heap_low && at < heap_high) return false;
  const int program = in_program(at);
  bool wrong = false;
  if (program != 0) {
    wrong = program == 2 && near_a_global(at);
    if (program == 2) return wrong;  // right and wrong lie side by side there
  } else if (!on_a_stack(at)) {
    wrong = is_anonymous(at) && (is_registered == nullptr || !is_registered(reinterpret_cast<const void*>(at)));
  }
  if (!wrong) known = Verdict{at / 4096, state.launch};
  return wrong;
}

}  // namespace checked
}  // namespace cuport
