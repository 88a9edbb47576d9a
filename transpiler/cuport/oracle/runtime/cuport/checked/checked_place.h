// Which addresses outside the device's memory device code may touch: its own stack and those of its block, constants in
// the program's file, memory it allocated itself. What is left is a mistake: host memory, or past the end of a variable.
#pragma once
#include <fcntl.h>
#include <sys/stat.h>
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
          if (q->at - (info->dlpi_addr + segment.p_vaddr) >= segment.p_memsz) continue;
          if (segment.p_type == PT_GNU_RELRO) return q->found = 1;  // tables of virtual functions
          if (segment.p_type == PT_LOAD) q->found = (segment.p_flags & PF_W) != 0 ? 2 : 1;
        }
        return q->found;
      },
      &query);
  return query.found;
}

// A variable of the program's file, from its symbol table.
struct Symbol {
  uintptr_t start, end;
  const char* name;  // as linkers have it
};
CUPORT_UNCHECKED inline bool find_symbol(uintptr_t at, Symbol& out) {
  static const char* file = nullptr;
  static size_t size = 0;
  if (file == nullptr) {
    file = "";
    const int fd = open("/proc/self/exe", O_RDONLY);
    struct stat info;
    if (fd >= 0 && fstat(fd, &info) == 0) {
      void* mapped = mmap(nullptr, static_cast<size_t>(info.st_size), PROT_READ, MAP_PRIVATE, fd, 0);
      if (mapped != MAP_FAILED) file = static_cast<const char*>(mapped), size = static_cast<size_t>(info.st_size);
    }
    if (fd >= 0) close(fd);
  }
  if (size < sizeof(ElfW(Ehdr))) return false;
  const auto* head = reinterpret_cast<const ElfW(Ehdr)*>(file);
  const auto* sections = reinterpret_cast<const ElfW(Shdr)*>(file + head->e_shoff);
  for (unsigned i = 0; i < head->e_shnum; ++i) {
    if (sections[i].sh_type != SHT_SYMTAB) continue;
    const auto* symbols = reinterpret_cast<const ElfW(Sym)*>(file + sections[i].sh_offset);
    const char* names = file + sections[sections[i].sh_link].sh_offset;
    for (size_t k = 0; k < sections[i].sh_size / sizeof(ElfW(Sym)); ++k) {
      const uintptr_t start = symbols[k].st_value + load_bias();
      if ((symbols[k].st_info & 15) != STT_OBJECT || at - start >= symbols[k].st_size) continue;
      out = Symbol{start, start + symbols[k].st_size, names + symbols[k].st_name};
      return true;
    }
  }
  return false;
}

// Whether a byte of the program's variables is none that device code may touch. Not every device variable is registered:
// oracle/faults.py knows those that the source declares.
CUPORT_UNCHECKED inline bool is_foreign_variable(uintptr_t at) {
  static Symbol fine[64];
  for (const Symbol& s : fine) {
    if (at >= s.start && at < s.end) return false;
  }
  Symbol found;
  if (find_symbol(at, found)) {
    if (strstr(found.name, "6cuport") == nullptr && strncmp(found.name, "_ZT", 3) != 0 && find_global(reinterpret_cast<const void*>(at)) == nullptr) {
      host_variable = found.name;
      if (fault_is_new(FaultKind::out_of_bounds, state.code, 0)) return true;
    }
    fine[found.start / 8 % 64] = found;
    return false;
  }
  for (const GlobalVariable* g = global_variables; g != nullptr; g = g->next) {  // between variables
    const uintptr_t base = reinterpret_cast<uintptr_t>(g->address);
    if (at - (base - 256) < g->bytes + 256 + 1024) return true;
  }
  return false;
}

// Whether an address lies in memory that belongs to no file: the heap, or what malloc() maps.
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
  host_variable = nullptr;
  if (at >= heap_low && at < heap_high) return false;
  const int program = in_program(at);
  bool wrong = false;
  if (program != 0) {
    if (program == 2) return is_foreign_variable(at);  // right and wrong lie side by side there
  } else if (!on_a_stack(at)) {
    wrong = is_anonymous(at) && (is_registered == nullptr || !is_registered(reinterpret_cast<const void*>(at)));
  }
  if (!wrong) known = Verdict{at / 4096, state.launch};
  return wrong;
}

}  // namespace checked
}  // namespace cuport
