// cuda::latch and cuda::counting_semaphore.
#pragma once
#include "scope.h"
#include "words.h"

namespace cuda {

template <thread_scope scope = thread_scope_system>
class latch {
 public:
  latch() = default;
  explicit latch(ptrdiff_t expected) : left_(static_cast<int>(expected)) {}
  latch(const latch&) = delete;
  static constexpr ptrdiff_t max() { return 0x7FFFFFFF; }
  CUPORT_QUIET void count_down(ptrdiff_t n = 1, int site = CUPORT_SITE) {
    CUPORT_ARRIVE(&left_);
    __atomic_fetch_sub(&left_, static_cast<int>(n), __ATOMIC_SEQ_CST);
  }
  CUPORT_QUIET bool try_wait(int site = CUPORT_SITE) const {
    CUPORT_AWAITED(const_cast<int*>(&left_));
    const bool open = __atomic_load_n(&left_, __ATOMIC_SEQ_CST) <= 0;
    if (!open) cuport::lost_to_another();
    return open;
  }
  CUPORT_QUIET void wait(int site = CUPORT_SITE) const {
    cuport::wait_until([&] { return __atomic_load_n(&left_, __ATOMIC_SEQ_CST) <= 0; }, "a latch waits for threads that do not come", scope == thread_scope_block);
    CUPORT_AWAITED(const_cast<int*>(&left_));
  }
  void arrive_and_wait(ptrdiff_t n = 1, int site = CUPORT_SITE) {
    count_down(n, site);
    wait(site);
  }
  friend void init(latch* l, ptrdiff_t expected) { l->left_ = static_cast<int>(expected); }

 private:
  int left_;
};

template <thread_scope scope = thread_scope_system, ptrdiff_t most = 0x7FFFFFFF>
class counting_semaphore {
 public:
  counting_semaphore() = default;
  explicit counting_semaphore(ptrdiff_t count) : count_(static_cast<int>(count)) {}
  counting_semaphore(const counting_semaphore&) = delete;
  static constexpr ptrdiff_t max() { return most; }
  CUPORT_QUIET void release(ptrdiff_t n = 1, int site = CUPORT_SITE) {
    CUPORT_ARRIVE(&count_);
    __atomic_fetch_add(&count_, static_cast<int>(n), __ATOMIC_SEQ_CST);
  }
  CUPORT_QUIET void acquire(int site = CUPORT_SITE) {
    cuport::wait_until([&] { return take(); }, "a semaphore waits for a release that does not come", scope == thread_scope_block);
    CUPORT_AWAITED(&count_);
  }
  CUPORT_QUIET bool try_acquire(int site = CUPORT_SITE) {
    const bool taken = take();
    if (!taken) cuport::lost_to_another();
    CUPORT_AWAITED(&count_);
    return taken;
  }
  template <class Duration>
  bool try_acquire_for(const Duration&, int site = CUPORT_SITE) { return try_acquire(site); }
  template <class Time>
  bool try_acquire_until(const Time&, int site = CUPORT_SITE) { return try_acquire(site); }
  friend void init(counting_semaphore* s, ptrdiff_t count) { s->count_ = static_cast<int>(count); }

 private:
  CUPORT_QUIET bool take() {
    int seen = __atomic_load_n(&count_, __ATOMIC_SEQ_CST);
    while (seen > 0) {
      if (__atomic_compare_exchange_n(&count_, &seen, seen - 1, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) return true;
    }
    return false;
  }
  int count_;
};
template <thread_scope scope = thread_scope_system>
using binary_semaphore = counting_semaphore<scope, 1>;

}  // namespace cuda
