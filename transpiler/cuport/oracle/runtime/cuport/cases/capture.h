// Writes launches to files for later replay: CUPORT_CAPTURE=DIR makes DIR/<number>.case for each launch that is kept,
// and DIR/summary.json at exit. A file is one line of JSON, then the buffers' bytes before and after the launch.
//
// Kept are the first few launches of each distinct shape (instance, grid, block, shared bytes, buffer sizes), within
// limits on number and size: CUPORT_CAPTURE_PER_SHAPE (3), CUPORT_CAPTURE_LAUNCHES (96), CUPORT_CAPTURE_BYTES (64 MiB a
// launch, before plus after), CUPORT_CAPTURE_TOTAL (512 MiB).
#pragma once
#include <unistd.h>
#include "encode.h"
#include "kernel_info.h"

namespace cuport {

// What the rewriter knows of a kernel instance; `describe` names its template arguments.
class Describer {
 public:
  explicit Describer(Text& json, Text& instance) : json_(json), instance_(instance) {}
  template <class T>
  CUPORT_COLD void type(const char* name) {
    open(name);
    Text spelled;
    add_type_name<T>(spelled);
    separate();
    instance_.add(spelled.str());
    if constexpr (dtype_of<T>::name != nullptr && !std::is_enum_v<T>) {
      json_.format("\"type\",\"%s\"]", dtype_of<T>::name);
    } else {
      json_.add("\"type\",");
      json_.quoted(spelled.str());
      json_.add("]");
    }
  }
  // A constrained type parameter (`template <std::integral T>`) looks like a value to the reader.
  template <class T>
  void value(const char* name) { type<T>(name); }
  template <auto V>
  CUPORT_COLD void value(const char* name) {
    using T = decltype(V);
    open(name);
    separate();
    if constexpr (std::is_same_v<T, bool>) {
      instance_.add(V ? "true" : "false");
      json_.add(V ? "\"bool\",true]" : "\"bool\",false]");
    } else if constexpr (std::is_integral_v<T> || std::is_enum_v<T>) {
      Text spelled;
      if constexpr (std::is_enum_v<T>) {
        spelled.add("(");
        add_type_name<T>(spelled);
        spelled.add(")");
      }
      number<T>(spelled, static_cast<long long>(V));
      instance_.add(spelled.str());
      Text plain;
      number<T>(plain, static_cast<long long>(V));
      json_.format("\"int\",%s]", plain.str());
    } else {
      Text spelled;
      add_pretty(spelled, raw_value_name<V>());
      instance_.add(spelled.str());
      json_.add("\"text\",");
      json_.quoted(spelled.str());
      json_.add("]");
    }
  }
  // A template template parameter, by the words of a function template that has it as its own.
  CUPORT_COLD void pretty(const char* name, const char* function) {
    open(name);
    separate();
    Text spelled;
    add_pretty(spelled, function);
    instance_.add(spelled.str());
    json_.add("\"text\",");
    json_.quoted(spelled.str());
    json_.add("]");
  }
  template <class... T>
  void types(const char* name) { (type<T>(name), ...); }
  template <class... T>
  void values(const char* name) { (type<T>(name), ...); }
  template <auto... V>
  void values(const char* name) { (value<V>(name), ...); }

 private:
  void open(const char* name) {
    if (json_.last() != '[') json_.add(",");
    json_.add("[");
    json_.quoted(name);
    json_.add(",");
  }
  void separate() {
    if (!first_) instance_.add(", ");
    first_ = false;
  }
  template <class T>
  static void number(Text& out, long long v) {
    if (std::is_same_v<T, unsigned long> || std::is_same_v<T, unsigned long long>) {
      out.format("%llu", static_cast<unsigned long long>(v));
    } else {
      out.format("%lld", v);
    }
  }
  Text& json_;
  Text& instance_;
  bool first_ = true;
};

class Capture {
 public:
  CUPORT_OUTLINED(, static Capture&, instance, ()) {
    static Capture* one = new Capture;  // never destroyed: the summary is written at exit
    return *one;
  }
  bool on() const { return folder_ != nullptr; }

  template <class... P>
  CUPORT_COLD bool begin(const KernelInfo& info, dim3 grid, dim3 block, size_t shared, P&... args) {
    Parts parts;
    open(info, parts);
    Encoder fields(parts.arguments, buffers_);
    const char* name = info.parameters;
    (one_argument(fields, parts.arguments, name, args), ...);
    return close(info, grid, block, shared, parts);
  }
  void end(int error);
  void summary() const;

 private:
  struct Parts {
    Text targs, instance, arguments;
  };
  Capture();
  CUPORT_OUTLINED(, void, open, (const KernelInfo& info, Parts& parts)) {
    ++seen_;
    head_.clear();
    buffers_.~CapturedBuffers();
    new (&buffers_) CapturedBuffers();
    if (*info.name == 0) buffers_.problem = "the kernel is known only by its address";
    if (info.problem != nullptr) buffers_.problem = info.problem;
    parts.targs.add("[");
    parts.instance.add(info.name);
    if (info.is_template) parts.instance.add("<");
    Describer describer(parts.targs, parts.instance);
    if (info.describe != nullptr) info.describe(describer);
    if (info.is_template) parts.instance.add(">");
    parts.targs.add("]");
    parts.arguments.add("[");
  }
  CUPORT_OUTLINED(, bool, close, (const KernelInfo& info, dim3 grid, dim3 block, size_t shared, Parts& parts)) {
    parts.arguments.add("]");
    Text globals;
    add_globals(info.globals, globals);
    const char* instance = parts.instance.str();
    if (strstr(instance, "lambda") != nullptr || strstr(instance, ")::") != nullptr) {
      buffers_.problem = "a template argument is a lambda or a type inside a function, which has no name elsewhere";
    }
    head_.add("{\"kernel\":");
    head_.quoted(info.name);
    head_.add(",\"instance\":");
    head_.quoted(instance);
    head_.format(",\"grid\":[%u,%u,%u],\"block\":[%u,%u,%u],\"shared\":%zu,\"template\":", grid.x, grid.y, grid.z, block.x,
                 block.y, block.z, shared);
    head_.add(parts.targs.str());
    head_.add(",\"args\":");
    head_.add(parts.arguments.str());
    head_.add(",\"globals\":");
    head_.add(globals.str());
    return choose(instance, grid, block, shared);
  }
  bool choose(const char* instance, dim3 grid, dim3 block, size_t shared);
  void add_globals(const char* names, Text& out);

  template <class T>
  CUPORT_COLD void one_argument(Encoder& fields, Text& json, const char*& names, T& value) {
    char name[128];
    size_t n = strcspn(names, ",");
    snprintf(name, sizeof name, "%.*s", static_cast<int>(n), names);
    names += n + (names[n] == ',' ? 1 : 0);
    if (json.last() != '[') json.add(",");
    fields.set_name(keep(name));
    fields.argument(value);
  }
  static const char* keep(const char* name) { return strdup(name); }  // a few bytes for each captured launch

  const char* folder_ = nullptr;
  Text head_;
  CapturedBuffers buffers_;
  FILE* file_ = nullptr;
  long seen_ = 0, kept_ = 0;
  size_t total_ = 0, bytes_ = 0;
  size_t per_shape_ = 3, most_launches_ = 96, most_bytes_ = size_t{64} << 20, most_total_ = size_t{512} << 20;
  struct Shape {
    uint64_t key;
    unsigned count;
  };
  Shape* shapes_ = nullptr;
  size_t shape_count_ = 0;
  Text left_out_;  // JSON objects: what was not kept, and why
};

}  // namespace cuport
