// cuda::barrier: phases that end when the expected number of arrivals has come; its threads really wait.
#pragma once
#include "copy.h"
#include "scope.h"
#include "words.h"

namespace cuda {

struct cuport_nothing {
  void operator()() const {}
};

template <thread_scope scope = thread_scope_system, class Completion = cuport_nothing>
class barrier {
 public:
  using arrival_token = unsigned;
  barrier() = default;
  explicit barrier(ptrdiff_t expected, Completion completion = Completion()) { set(expected, completion); }
  barrier(const barrier&) = delete;
  barrier& operator=(const barrier&) = delete;
  static constexpr ptrdiff_t max() { return (1 << 20) - 1; }

  CUPORT_QUIET arrival_token arrive(ptrdiff_t n = 1, int site = CUPORT_SITE) {
    CUPORT_ARRIVE(this);
    return come(static_cast<int>(n), 0);
  }
  CUPORT_QUIET void wait(arrival_token&& token, int site = CUPORT_SITE) const { pass(token, site); }
  CUPORT_QUIET void wait(arrival_token& token, int site = CUPORT_SITE) const { pass(token, site); }
  CUPORT_QUIET void wait(const arrival_token& token, int site = CUPORT_SITE) const { pass(token, site); }
  void wait_parity(bool parity, int site = CUPORT_SITE) const { pass_parity(parity, site); }
  void arrive_and_wait(int site = CUPORT_SITE) { pass(arrive(1, site), site); }
  CUPORT_QUIET void arrive_and_drop(int site = CUPORT_SITE) {
    CUPORT_ARRIVE(this);
    come(1, 1);
  }
  CUPORT_QUIET bool try_wait(arrival_token token, int site = CUPORT_SITE) const {
    const bool over = phase() != token;
    if (over) {
      CUPORT_AWAITED(this);
    } else {
      cuport::lost_to_another();
    }
    return over;
  }
  bool try_wait(const arrival_token&& token, int site = CUPORT_SITE) const { return try_wait(arrival_token(token), site); }
  template <class Duration>
  bool try_wait_for(arrival_token token, const Duration&, int site = CUPORT_SITE) const { return try_wait(token, site); }
  template <class Time>
  bool try_wait_until(arrival_token token, const Time&, int site = CUPORT_SITE) const { return try_wait(token, site); }
  bool try_wait_parity(bool parity, int site = CUPORT_SITE) const {
    return try_wait((phase() & 1u) == (parity ? 1u : 0u) ? phase() : phase() + 1, site);
  }
  template <class Duration>
  bool try_wait_parity_for(const Duration&, bool parity, int site = CUPORT_SITE) const { return try_wait_parity(parity, site); }

  friend void init(barrier* b, ptrdiff_t expected) { b->set(expected, Completion()); }
  friend void init(barrier* b, ptrdiff_t expected, Completion completion) { b->set(expected, completion); }

 private:
  void set(ptrdiff_t expected, Completion completion) {
    expected_ = pending_ = static_cast<int>(expected), phase_ = 0, lock_ = 0;
    new (static_cast<void*>(&completion_)) Completion(completion);
  }
  CUPORT_QUIET unsigned phase() const { return __atomic_load_n(&phase_, __ATOMIC_ACQUIRE); }
  CUPORT_QUIET unsigned come(int n, int drop) {
    while (__atomic_test_and_set(&lock_, __ATOMIC_ACQUIRE)) {
    }
    const unsigned token = phase_;
    expected_ -= drop;
    if ((pending_ -= n) == 0) {
      completion_();
      pending_ = expected_;
      __atomic_store_n(&phase_, token + 1, __ATOMIC_RELEASE);
    }
    __atomic_clear(&lock_, __ATOMIC_RELEASE);
    return token;
  }
  CUPORT_QUIET void pass(unsigned token, int site) const {
    cuport::wait_until([&] { return phase() != token; }, "a barrier waits for threads that do not come", scope == thread_scope_block);
    CUPORT_AWAITED(const_cast<barrier*>(this));
  }
  CUPORT_QUIET void pass_parity(bool parity, int site) const {
    cuport::wait_until([&] { return (phase() & 1u) != (parity ? 1u : 0u); }, "a barrier waits for threads that do not come", scope == thread_scope_block);
    CUPORT_AWAITED(const_cast<barrier*>(this));
  }

  int pending_, expected_;
  unsigned phase_;
  unsigned char lock_;
  Completion completion_;
};
template <thread_scope scope, class Completion>
inline constexpr bool cuport_takes_copies<barrier<scope, Completion>> = true;

namespace device {
template <class Barrier>
inline unsigned long long* barrier_native_handle(Barrier& b) { return reinterpret_cast<unsigned long long*>(&b); }
// Bytes that are on their way have come already.
template <class Barrier>
inline auto barrier_arrive_tx(Barrier& b, ptrdiff_t n, ptrdiff_t, int site = CUPORT_SITE) { return b.arrive(n, site); }
template <class Barrier>
inline void barrier_expect_tx(Barrier&, ptrdiff_t) {}
template <class T, class Size, class Barrier>
inline void memcpy_async_tx(T* to, const T* from, Size bytes, Barrier&) { cuport_copy(to, from, static_cast<size_t>(bytes)); }

namespace experimental {
template <class T, class U, class Barrier>
inline void cp_async_bulk_global_to_shared(T* to, const U* from, unsigned bytes, Barrier&) { cuport_copy(to, from, bytes); }
template <class T, class U>
inline void cp_async_bulk_shared_to_global(T* to, const U* from, unsigned bytes) { cuport_copy(to, from, bytes); }
inline void cp_async_bulk_commit_group() {}
template <int n>
inline void cp_async_bulk_wait_group_read() {}
inline void fence_proxy_async_shared_cta() {}
}  // namespace experimental
}  // namespace device

}  // namespace cuda
