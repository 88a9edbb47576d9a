// Arrive/wait barriers as plain functions over a 64-bit word in shared memory.
#pragma once
#include "cuport/threads/arrive_wait.h"
#include "cuport/runtime.h"

typedef uint64_t __mbarrier_t;
typedef uint64_t __mbarrier_token_t;

namespace cuport {
CUPORT_QUIET inline ArriveWait& arrive_wait(__mbarrier_t* b) { return *reinterpret_cast<ArriveWait*>(b); }
}  // namespace cuport

static inline void __mbarrier_init(__mbarrier_t* b, uint32_t expected) { cuport::arrive_wait(b).open(expected); }
static inline void __mbarrier_inval(__mbarrier_t* b) { cuport::arrive_wait(b).close(); }
static inline __mbarrier_token_t __mbarrier_arrive(__mbarrier_t* b) { return cuport::arrive_wait(b).change(1, 0, 0); }
static inline __mbarrier_token_t __mbarrier_arrive_and_drop(__mbarrier_t* b) { return cuport::arrive_wait(b).change(1, 1, 0); }
static inline bool __mbarrier_test_wait(__mbarrier_t* b, __mbarrier_token_t token) { return cuport::arrive_wait(b).passed(token); }
static inline bool __mbarrier_test_wait_parity(__mbarrier_t* b, bool parity) { return cuport::arrive_wait(b).passed_parity(parity); }
static inline bool __mbarrier_try_wait(__mbarrier_t* b, __mbarrier_token_t token, uint32_t = 0) { return cuport::arrive_wait(b).passed(token); }
static inline bool __mbarrier_try_wait_parity(__mbarrier_t* b, bool parity, uint32_t = 0) { return cuport::arrive_wait(b).passed_parity(parity); }
static inline uint32_t __mbarrier_token_pending_count(__mbarrier_token_t token) {
  return static_cast<uint32_t>(cuport::ArriveWait::pending(token));
}
static inline uint32_t __mbarrier_maximum_count() { return (1u << 20) - 1; }
