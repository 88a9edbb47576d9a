// Arrive/wait barriers as plain functions over a 64-bit word in shared memory.
#pragma once
#include "cuport/runtime.h"

typedef uint64_t __mbarrier_t;
typedef uint64_t __mbarrier_token_t;

namespace cuport {

// The word: threads still to come, threads of the next phase, and phases passed.
struct ArriveWait {
  static constexpr uint64_t count = 0xFFFFF;
  static uint64_t pack(uint64_t pending, uint64_t expected, uint64_t phase) { return phase << 40 | expected << 20 | pending; }
  CUPORT_QUIET static uint64_t arrive(__mbarrier_t* b, uint64_t leaves) {
    CUPORT_ARRIVE(b);
    const uint64_t now = *b, phase = now >> 40, expected = (now >> 20 & count) - leaves, pending = (now & count) - 1;
    *b = pending == 0 ? pack(expected, expected, phase + 1) : pack(pending, expected, phase);
    return now;
  }
};

}  // namespace cuport

CUPORT_QUIET static inline void __mbarrier_init(__mbarrier_t* b, uint32_t expected) {
  *b = cuport::ArriveWait::pack(expected, expected, 0);
}
CUPORT_QUIET static inline void __mbarrier_inval(__mbarrier_t* b) { *b = 0; }
static inline __mbarrier_token_t __mbarrier_arrive(__mbarrier_t* b) { return cuport::ArriveWait::arrive(b, 0); }
static inline __mbarrier_token_t __mbarrier_arrive_and_drop(__mbarrier_t* b) { return cuport::ArriveWait::arrive(b, 1); }
// Asked in a loop: whoever is not yet there must get its turn.
CUPORT_QUIET static inline bool __mbarrier_test_wait(__mbarrier_t* b, __mbarrier_token_t token) {
  if (*b >> 40 != token >> 40) {
    CUPORT_AWAITED(b);
    return true;
  }
  cuport::lost_race();
  return false;
}
static inline bool __mbarrier_try_wait(__mbarrier_t* b, __mbarrier_token_t token, uint32_t = 0) { return __mbarrier_test_wait(b, token); }
static inline uint32_t __mbarrier_token_pending_count(__mbarrier_token_t token) {
  return static_cast<uint32_t>(token & cuport::ArriveWait::count);
}
static inline uint32_t __mbarrier_maximum_count() { return (1u << 20) - 1; }
