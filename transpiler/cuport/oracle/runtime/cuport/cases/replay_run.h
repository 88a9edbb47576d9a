// The main program of a unit build: cases in, results out (forms: replay.h).
#pragma once
#include <fcntl.h>
#include <sys/stat.h>
#include "replay_call.h"
#include "../host/signals.h"

namespace cuport {

// The case file, read whole; lines are cut in place.
class CaseFile {
 public:
  bool open(const char* path) {
    const int fd = ::open(path, O_RDONLY);
    struct stat info;
    if (fd < 0 || fstat(fd, &info) != 0) return false;
    size_ = static_cast<size_t>(info.st_size);
    void* at = mmap(nullptr, size_ + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    close(fd);
    if (at == MAP_FAILED) return false;
    data_ = static_cast<char*>(at);
    const char* first = line();
    return first != nullptr && strcmp(first, "cuport-cases 1") == 0;
  }
  // The next line without its newline; null at the end.
  char* line() {
    if (at_ >= size_) return nullptr;
    char* start = data_ + at_;
    char* end = static_cast<char*>(memchr(start, '\n', size_ - at_));
    if (end == nullptr) return nullptr;
    *end = 0;
    at_ = static_cast<size_t>(end - data_) + 1;
    return start;
  }
  unsigned char* raw(size_t bytes) {
    if (bytes + 1 > size_ - at_) return nullptr;
    unsigned char* start = reinterpret_cast<unsigned char*>(data_ + at_);
    at_ += bytes + 1;
    return start;
  }

 private:
  char* data_ = nullptr;
  size_t size_ = 0, at_ = 0;
};

// Reads the next case. False at the end of the file or where it is not understood.
CUPORT_OUTLINED(, bool, read_case, (CaseFile& file, LoadedCase& c)) {
  memset(static_cast<void*>(&c), 0, sizeof c);
  for (;;) {
    char* line = file.line();
    if (line == nullptr) return false;
    char* rest = strchr(line, ' ');
    if (rest != nullptr) *rest++ = 0;
    if (strcmp(line, "end") == 0) return true;
    if (rest == nullptr) return false;
    if (strcmp(line, "case") == 0) {
      c.number = strtol(rest, &rest, 10);
      c.instance = *rest == ' ' ? rest + 1 : rest;
    } else if (strcmp(line, "grid") == 0) {
      if (sscanf(rest, "%u %u %u", &c.grid.x, &c.grid.y, &c.grid.z) != 3) return false;
    } else if (strcmp(line, "block") == 0) {
      if (sscanf(rest, "%u %u %u", &c.block.x, &c.block.y, &c.block.z) != 3) return false;
    } else if (strcmp(line, "shared") == 0) {
      c.shared = strtoull(rest, nullptr, 10);
    } else if (strcmp(line, "buffer") == 0) {
      if (c.buffers == LoadedCase::kMost) return false;
      LoadedBuffer& b = c.buffer[c.buffers++];
      b.bytes = strtoull(rest, &rest, 10);
      b.name = *rest == ' ' ? rest + 1 : rest;
      b.file = file.raw(b.bytes);
      if (b.file == nullptr) return false;
    } else if (strcmp(line, "global") == 0) {
      char* name = nullptr;
      const long buffer = strtol(rest, &name, 10);
      if (buffer < 0 || buffer >= c.buffers || *name != ' ') return false;
      c.buffer[buffer].global = find_global(name + 1, strlen(name + 1));
      if (c.buffer[buffer].global == nullptr) c.problem = "the unit has no global variable of a recorded name";
    } else if (strcmp(line, "arg") == 0) {
      if (c.leaves == static_cast<int>(sizeof c.leaf / sizeof *c.leaf)) return false;
      Leaf& leaf = c.leaf[c.leaves++];
      if (rest[0] == 's') {
        leaf.hex = rest[1] == ' ' ? rest + 2 : rest + 1;
      } else {
        leaf.pointer = true;
        if (sscanf(rest, "p %ld %zu", &leaf.buffer, &leaf.offset) != 2) return false;
      }
    } else {
      return false;
    }
  }
}

CUPORT_OUTLINED(, void, write_results, (FILE* out, LoadedCase& c)) {
  for (int i = 0; i < c.buffers; ++i) {
    LoadedBuffer& b = c.buffer[i];
    if (b.memory == nullptr) continue;
    const size_t n = b.kind->file_size == 0 ? 0 : b.bytes / b.kind->file_size;
    if (b.kind->raw) {
      memcpy(b.file, b.memory, b.bytes);
    } else {
      b.kind->store(b.file, b.memory, n);  // bytes past the last whole element stay as they were
    }
    fprintf(out, "buffer %d %zu\n", i, b.bytes);
    fwrite(b.file, 1, b.bytes, out);
    fputc('\n', out);
    if (b.kind->streams) {
      const size_t scalars = n * static_cast<size_t>(b.kind->scalars);
      auto* room = static_cast<unsigned char*>(calloc(scalars == 0 ? 1 : scalars, 18));
      if (room == nullptr) fatal("no memory for results");
      auto* doubles = reinterpret_cast<double*>(room);
      b.kind->stream(b.memory, n, Stream{doubles, doubles + scalars, room + 16 * scalars, room + 17 * scalars});
      fprintf(out, "stream %d %zu\n", i, scalars);
      fwrite(room, 1, 18 * scalars, out);
      fputc('\n', out);
      free(room);
    }
  }
}

CUPORT_OUTLINED(, void, write_faults, (FILE* out)) {
#ifdef CUPORT_CHECKED
  const size_t bias = checked::load_bias();
#else
  const size_t bias = 0;
#endif
  for (int i = 0; i < faults.count; ++i) print_fault(out, faults.fault[i], bias);
  faults.count = 0, faults.seen = 0;
}

// A note on the result of the running case; from anywhere.
inline Text case_notes;
inline void note(const char* message) {
  case_notes.add("note ");
  case_notes.add(message);
  case_notes.add("\n");
}

#ifdef CUPORT_SHADOW
// Ties that left no mark where a port may differ; form: "near-ties <threads> <silent> <displaced>".
inline void note_ties() {
  if (taint::bits) note("bits of computed numbers");
  if (taint::counts.threads == 0) return;
  char line[120];
  snprintf(line, sizeof line, "near-ties %llu %llu %llu", static_cast<unsigned long long>(taint::counts.threads),
           static_cast<unsigned long long>(taint::counts.silent), static_cast<unsigned long long>(taint::counts.displaced));
  note(line);
}
#else
inline void note_ties() {}
#endif

CUPORT_OUTLINED(, void, forget_buffers, ()) {
#ifdef CUPORT_CHECKED
  for (size_t i = 0; i < device_memory.count(); ++i) checked::remove_buffer(device_memory[i].base, device_memory[i].bytes);
  checked::forget_freed();
#endif
  device_memory.release_all();
  buffer_name_count = 0;
}

CUPORT_OUTLINED(, int, replay_main, (int argc, char** argv)) {
  if (argc < 3) {
    fprintf(stderr, "usage: %s CASES RESULTS [--schedule forward|reverse|random] [--seed N]\n", argv[0]);
    return 2;
  }
  for (int i = 3; i + 1 < argc; i += 2) {
    if (strcmp(argv[i], "--schedule") == 0) {
      worker.schedule = strcmp(argv[i + 1], "reverse") == 0  ? Schedule::reverse
                        : strcmp(argv[i + 1], "random") == 0 ? Schedule::random
                                                             : Schedule::forward;
    } else if (strcmp(argv[i], "--seed") == 0) {
      worker.random = (strtoull(argv[i + 1], nullptr, 10) + 1) * 0x9E3779B97F4A7C15u;
    }
  }
  CaseFile file;
  if (!file.open(argv[1])) fatal("the case file cannot be read");
  FILE* out = fopen(argv[2], "wb");
  if (out == nullptr) fatal("the result file cannot be written");
  setvbuf(out, nullptr, _IOFBF, 1 << 16);
  fputs("cuport-results 1\n", out);
  launch_state.poison_shared = true;
  launch_state.report = false;
  auto* c = static_cast<LoadedCase*>(malloc(sizeof(LoadedCase)));
  if (c == nullptr) fatal("no memory for a case");
  while (read_case(file, *c)) {
    fprintf(out, "case %ld\n", c->number);
    Call call{*c};
    const Instance* instance = Instance::all;
    while (instance != nullptr && strcmp(instance->name, c->instance) != 0) instance = instance->next;
    case_notes.clear();
    if (instance == nullptr) {
      c->problem = "the unit has no kernel instance of this name";
    } else if (c->problem == nullptr) {
      instance->entry(call);
    }
    if (c->problem != nullptr) {
      fprintf(out, "error 0 %s\n", c->problem);
    } else {
      if (call.error != cudaSuccess) {
        fprintf(out, "error %d %s%s%s\n", static_cast<int>(call.error), cudaGetErrorString(call.error),
                launch_state.why[0] != 0 ? ": " : "", launch_state.why);
      } else {
        write_results(out, *c);
      }
      write_faults(out);
      note_ties();
      fwrite(case_notes.str(), 1, case_notes.size(), out);
    }
    fputs("end\n", out);
    fflush(out);
    forget_buffers();
  }
  return fclose(out) == 0 ? 0 : 1;
}

}  // namespace cuport

#ifndef CUPORT_PREPARED
int main(int argc, char** argv) { return cuport::replay_main(argc, argv); }
#endif
