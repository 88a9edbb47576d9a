// Timers as the CUDA samples' header of this name offers them. Times in milliseconds.
#pragma once
#include <time.h>

class StopWatchInterface {
 public:
  virtual ~StopWatchInterface() = default;
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
inline float sdkGetAverageTimerValue(StopWatchInterface** timer) { return *timer != nullptr ? (*timer)->getAverageTime() : 0.0f; }
