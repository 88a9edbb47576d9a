// mbarrier of PTX, and the bulk copies that arrive at one.
#pragma once
#include "../threads/arrive_wait.h"
#include "ptx_memory.h"

namespace cuport {
namespace ptx {

CUPORT_QUIET inline ArriveWait& mbarrier(char* at) { return *reinterpret_cast<ArriveWait*>(at); }
CUPORT_FN void mbarrier_init(char* at, uint32_t count) { mbarrier(at).open(count); }
CUPORT_FN void mbarrier_inval(char* at) { mbarrier(at).close(); }
CUPORT_FN uint64_t mbarrier_change(char* at, uint32_t comes, uint32_t leaves, int64_t bytes) { return mbarrier(at).change(comes, leaves, bytes); }
CUPORT_FN bool mbarrier_passed(char* at, uint64_t state) { return mbarrier(at).passed(state); }
CUPORT_FN bool mbarrier_passed_parity(char* at, uint32_t parity) { return mbarrier(at).passed_parity(parity); }
CUPORT_FN uint32_t mbarrier_pending(uint64_t state) { return static_cast<uint32_t>(ArriveWait::pending(state)); }
CUPORT_FN void copy_bulk(char* to, const char* from, uint32_t size) { copy_async(to, from, size, size); }

}  // namespace ptx
}  // namespace cuport
