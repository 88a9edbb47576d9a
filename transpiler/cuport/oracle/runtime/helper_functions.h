// Timers, command lines and comparisons as the CUDA samples' own helpers offer them.
#pragma once
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

class StopWatchInterface {
 public:
  void start() { begin_ = now(), running_ = true; }
  void stop() {
    last_ = now() - begin_, total_ += last_;
    ++sessions_, running_ = false;
  }
  void reset() {
    last_ = total_ = 0;
    sessions_ = 0;
    if (running_) begin_ = now();
  }
  float getTime() const { return static_cast<float>(running_ ? total_ + now() - begin_ : total_); }
  float getAverageTime() const { return sessions_ > 0 ? static_cast<float>(total_ / sessions_) : 0.0f; }

 private:
  static double now() {
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_nsec) * 1e-6;
  }
  double begin_ = 0, last_ = 0, total_ = 0;
  int sessions_ = 0;
  bool running_ = false;
};
inline bool sdkCreateTimer(StopWatchInterface** timer) {
  *timer = new StopWatchInterface;
  return true;
}
inline bool sdkDeleteTimer(StopWatchInterface** timer) {
  delete *timer;
  *timer = nullptr;
  return true;
}
inline bool sdkStartTimer(StopWatchInterface** timer) {
  if (*timer != nullptr) (*timer)->start();
  return true;
}
inline bool sdkStopTimer(StopWatchInterface** timer) {
  if (*timer != nullptr) (*timer)->stop();
  return true;
}
inline bool sdkResetTimer(StopWatchInterface** timer) {
  if (*timer != nullptr) (*timer)->reset();
  return true;
}
inline float sdkGetTimerValue(StopWatchInterface** timer) { return *timer != nullptr ? (*timer)->getTime() : 0.0f; }
inline float sdkGetAverageTimerValue(StopWatchInterface** timer) {
  return *timer != nullptr ? (*timer)->getAverageTime() : 0.0f;
}

// `-name`, `--name`, `-name=value`.
inline const char* cuport_option(int argc, const char** argv, const char* name) {
  const size_t n = strlen(name);
  for (int i = 1; i < argc; ++i) {
    const char* a = argv[i];
    if (*a != '-') continue;
    while (*a == '-') ++a;
    if (strncmp(a, name, n) == 0 && (a[n] == 0 || a[n] == '=')) return a[n] == '=' ? a + n + 1 : a + n;
  }
  return nullptr;
}
inline bool checkCmdLineFlag(int argc, const char** argv, const char* name) { return cuport_option(argc, argv, name) != nullptr; }
inline int getCmdLineArgumentInt(int argc, const char** argv, const char* name) {
  const char* v = cuport_option(argc, argv, name);
  return v == nullptr ? 0 : atoi(v);
}
inline float getCmdLineArgumentFloat(int argc, const char** argv, const char* name) {
  const char* v = cuport_option(argc, argv, name);
  return v == nullptr ? 0.0f : static_cast<float>(atof(v));
}
inline bool getCmdLineArgumentString(int argc, const char** argv, const char* name, char** value) {
  const char* v = cuport_option(argc, argv, name);
  *value = const_cast<char*>(v);
  return v != nullptr;
}

inline bool compareData(const float* reference, const float* data, unsigned n, float epsilon, float threshold) {
  unsigned errors = 0;
  for (unsigned i = 0; i < n; ++i) errors += fabsf(reference[i] - data[i]) > epsilon ? 1u : 0u;
  return static_cast<float>(errors) <= threshold * static_cast<float>(n);
}
// Whether the relative L2 error is below epsilon.
inline bool sdkCompareL2fe(const float* reference, const float* data, unsigned n, float epsilon) {
  double error = 0, size = 0;
  for (unsigned i = 0; i < n; ++i) {
    const double d = static_cast<double>(reference[i]) - static_cast<double>(data[i]);
    error += d * d, size += static_cast<double>(reference[i]) * static_cast<double>(reference[i]);
  }
  return size > 1e-7 && sqrt(error) / sqrt(size) < static_cast<double>(epsilon);
}
#ifndef EXIT_WAIVED
#define EXIT_WAIVED 2
#endif
