// Recorded launches read from a case file into device memory. The form of the file stands in ../replay.h.
#pragma once
#include <cuda_runtime.h>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>
#include "fields.cuh"

namespace replayed {

struct LoadedBuffer {
  std::vector<unsigned char> bytes;
  char* memory = nullptr;  // on the device
  bool owned = true;       // false: a global variable
};

struct Leaf {
  bool pointer;
  long buffer;
  std::size_t offset;
  std::string hex;
};

struct LoadedCase {
  long number = 0;
  std::string instance, problem;
  dim3 grid, block;
  std::size_t shared = 0;
  std::vector<LoadedBuffer> buffers;
  std::vector<Leaf> leaves;
  ~LoadedCase() {
    for (LoadedBuffer& b : buffers) {
      if (b.owned && b.memory != nullptr) cudaFree(b.memory);
    }
  }
};

class CaseFile {
 public:
  explicit CaseFile(const char* path) : file_(std::fopen(path, "rb")) {}
  CaseFile(const CaseFile&) = delete;
  ~CaseFile() {
    if (file_ != nullptr) std::fclose(file_);
  }
  bool begins() {
    std::string first;
    return file_ != nullptr && line(first) && first == "cuport-cases 1";
  }
  // The next case; false at the end of the file or where it is not understood.
  bool read(LoadedCase& c) {
    std::string text;
    while (line(text)) {
      const std::size_t space = text.find(' ');
      const std::string word = text.substr(0, space), rest = space == std::string::npos ? "" : text.substr(space + 1);
      if (word == "end") return true;
      if (word == "case") {
        const std::size_t name = rest.find(' ');
        c.number = std::strtol(rest.c_str(), nullptr, 10);
        c.instance = rest.substr(name + 1);
      } else if (word == "grid") {
        if (std::sscanf(rest.c_str(), "%u %u %u", &c.grid.x, &c.grid.y, &c.grid.z) != 3) return false;
      } else if (word == "block") {
        if (std::sscanf(rest.c_str(), "%u %u %u", &c.block.x, &c.block.y, &c.block.z) != 3) return false;
      } else if (word == "shared") {
        c.shared = std::strtoull(rest.c_str(), nullptr, 10);
      } else if (word == "buffer") {
        c.buffers.emplace_back();
        c.buffers.back().bytes.resize(std::strtoull(rest.c_str(), nullptr, 10));
        if (!raw(c.buffers.back().bytes)) return false;
      } else if (word == "global") {
        char* name = nullptr;
        const unsigned long buffer = std::strtoul(rest.c_str(), &name, 10);
        if (buffer >= c.buffers.size() || *name != ' ') return false;
        adopt(c, c.buffers[buffer], name + 1);
      } else if (word == "arg") {
        Leaf leaf{rest[0] == 'p', -1, 0, {}};
        if (!leaf.pointer) {
          leaf.hex = rest.size() > 2 ? rest.substr(2) : "";
        } else if (std::sscanf(rest.c_str(), "p %ld %zu", &leaf.buffer, &leaf.offset) != 2) {
          return false;
        }
        c.leaves.push_back(leaf);
      } else {
        return false;
      }
    }
    return false;
  }

 private:
  bool line(std::string& text) {
    text.clear();
    for (int c = std::fgetc(file_); c != EOF; c = std::fgetc(file_)) {
      if (c == '\n') return true;
      text.push_back(static_cast<char>(c));
    }
    return false;
  }
  bool raw(std::vector<unsigned char>& bytes) {
    return std::fread(bytes.data(), 1, bytes.size(), file_) == bytes.size() && std::fgetc(file_) == '\n';
  }
  // The buffer is the contents of this variable: it lies where the module has it.
  static void adopt(LoadedCase& c, LoadedBuffer& b, const char* name) {
    const GlobalVariable* g = global_variables;
    while (g != nullptr && std::strcmp(g->name, name) != 0) g = g->next;
    void* at = nullptr;
    if (g == nullptr || cudaGetSymbolAddress(&at, g->symbol) != cudaSuccess) {
      c.problem = "the unit has no global variable of a recorded name";
    } else if (g->bytes < b.bytes.size()) {
      c.problem = "a global variable is smaller than its recorded contents";
    } else {
      b.memory = static_cast<char*>(at), b.owned = false;
    }
  }
  std::FILE* file_;
};

// Puts every buffer on the device. An error stays the last error.
inline cudaError_t place(LoadedCase& c) {
  for (LoadedBuffer& b : c.buffers) {
    if (b.memory == nullptr) {
      const cudaError_t error = cudaMalloc(reinterpret_cast<void**>(&b.memory), b.bytes.empty() ? 1 : b.bytes.size());
      if (error != cudaSuccess) return error;
    }
    const cudaError_t error = cudaMemcpy(b.memory, b.bytes.data(), b.bytes.size(), cudaMemcpyHostToDevice);
    if (error != cudaSuccess) return error;
  }
  return cudaSuccess;
}

}  // namespace replayed
