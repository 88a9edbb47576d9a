// The part of capture.h that touches files.
#pragma once
#include "capture.h"

namespace cuport {

#ifndef CUPORT_PREPARED
inline size_t number_from_environment(const char* name, size_t otherwise) {
  const char* text = getenv(name);
  return text == nullptr || *text == 0 ? otherwise : strtoull(text, nullptr, 10);
}

CUPORT_API Capture::Capture() {
  folder_ = getenv("CUPORT_CAPTURE");
  if (folder_ != nullptr && *folder_ == 0) folder_ = nullptr;
  if (folder_ == nullptr) return;
  per_shape_ = number_from_environment("CUPORT_CAPTURE_PER_SHAPE", per_shape_);
  most_launches_ = number_from_environment("CUPORT_CAPTURE_LAUNCHES", most_launches_);
  most_bytes_ = number_from_environment("CUPORT_CAPTURE_BYTES", most_bytes_);
  most_total_ = number_from_environment("CUPORT_CAPTURE_TOTAL", most_total_);
  atexit([] { instance().summary(); });
}

CUPORT_API void Capture::add_globals(const char* names, Text& out) {
  out.add("{");
  for (const char* from = names; *from != 0;) {
    const size_t n = strcspn(from, ",");
    if (GlobalVariable* g = find_global(from, n)) {
      Text type;
      bool pointers = false, functions = false;
      g->layout(type, pointers, functions);
      // A table of functions is the program's own code: a replay has it without being told.
      const int buffer = functions ? -1 : buffers_.add(static_cast<char*>(g->address), g->bytes, g->name);
      if (buffer >= 0) {
        auto& entry = buffers_.entry[buffer];
        if (entry.type.size() == 0) entry.type.add(type.str());
        entry.holds_pointers |= pointers;
        if (out.last() != '{') out.add(",");
        out.quoted(g->name);
        out.format(":%d", buffer);
      }
    }
    from += n + (from[n] == ',' ? 1 : 0);
  }
  out.add("}");
}

inline uint64_t mix(uint64_t h, uint64_t v) {
  h ^= v + 0x9E3779B97F4A7C15u + (h << 6) + (h >> 2);
  return h * 0xFF51AFD7ED558CCDu;
}

// Whether this launch is kept; if so its file is open and holds everything up to the bytes before the launch.
CUPORT_API bool Capture::choose(const char* instance, dim3 grid, dim3 block, size_t shared) {
  uint64_t key = 1469598103934665603u;
  for (const char* s = instance; *s != 0; ++s) key = mix(key, static_cast<unsigned char>(*s));
  for (const uint64_t v : {grid.x, grid.y, grid.z, block.x, block.y, block.z}) key = mix(key, v);
  key = mix(key, shared);
  bytes_ = 0;
  for (int i = 0; i < buffers_.count; ++i) {
    key = mix(key, buffers_.entry[i].bytes);
    bytes_ += buffers_.entry[i].bytes;
    if (buffers_.entry[i].holds_pointers) buffers_.problem = "a buffer holds pointers";
  }
  size_t at = 0;
  while (at < shape_count_ && shapes_[at].key != key) ++at;
  if (at == shape_count_) {
    auto* more = static_cast<Shape*>(realloc(shapes_, (shape_count_ + 1) * sizeof(Shape)));
    if (more == nullptr) return false;
    shapes_ = more;
    shapes_[shape_count_++] = Shape{key, 0};
  }
  const bool first = shapes_[at].count++ == 0;
  const char* why = buffers_.problem;
  if (why == nullptr && 2 * bytes_ > most_bytes_) why = "its buffers are larger than a capture may be";
  if (why == nullptr && total_ + 2 * bytes_ > most_total_) why = "the captures are as large together as they may be";
  if (why == nullptr && static_cast<size_t>(kept_) >= most_launches_) why = "as many launches are captured as may be";
  if (why != nullptr) {
    if (first) {
      if (left_out_.size() != 0) left_out_.add(",");
      left_out_.add("{\"instance\":");
      left_out_.quoted(instance);
      left_out_.add(",\"why\":");
      left_out_.quoted(why);
      left_out_.add("}");
    }
    return false;
  }
  if (shapes_[at].count > per_shape_) return false;

  char path[4200];
  snprintf(path, sizeof path, "%s/%06ld.part", folder_, seen_);
  file_ = fopen(path, "wb");
  if (file_ == nullptr) return false;
  head_.add(",\"buffers\":[");
  for (int i = 0; i < buffers_.count; ++i) {
    if (i != 0) head_.add(",");
    head_.add("{\"name\":");
    head_.quoted(buffers_.entry[i].name);
    head_.format(",\"bytes\":%zu,\"type\":", buffers_.entry[i].bytes);
    head_.add(buffers_.entry[i].type.str());
    head_.add("}");
  }
  head_.add("]}\n");
  fwrite(head_.str(), 1, head_.size(), file_);
  for (int i = 0; i < buffers_.count; ++i) fwrite(buffers_.entry[i].base, 1, buffers_.entry[i].bytes, file_);
  ++kept_;
  total_ += 2 * bytes_;
  return true;
}

// After the launch; a launch that failed leaves no case.
CUPORT_API void Capture::end(int error) {
  char part[4200], whole[4200];
  snprintf(part, sizeof part, "%s/%06ld.part", folder_, seen_);
  snprintf(whole, sizeof whole, "%s/%06ld.case", folder_, seen_);
  for (int i = 0; i < buffers_.count; ++i) fwrite(buffers_.entry[i].base, 1, buffers_.entry[i].bytes, file_);
  const bool written = ferror(file_) == 0;
  if (fclose(file_) != 0 || !written || error != 0 || rename(part, whole) != 0) unlink(part);
  file_ = nullptr;
}

CUPORT_API void Capture::summary() const {
  char path[4200];
  snprintf(path, sizeof path, "%s/summary.json", folder_);
  FILE* f = fopen(path, "w");
  if (f == nullptr) return;
  fprintf(f, "{\"launches\":%ld,\"kept\":%ld,\"left_out\":[%s]}\n", seen_, kept_, left_out_.str());
  fclose(f);
}

#endif

}  // namespace cuport
