// What the runtime calls in a shadow build. Included by cuport/config.h before anything else is defined.
#pragma once
#include "taint.h"

// The largest growth of an element: a pair of bytes (half) becomes a scalar of 40.
#define CUPORT_SHARED_SCALE 20
#define CUPORT_THREAD_STATE ::cuport::taint::Thread
#define CUPORT_LAUNCH_BEGIN() ::cuport::taint::begin_launch()
// Whoever uses what a tainted lane, or any tainted thread of the block, said is tainted. Used inside namespace cuport.
#define CUPORT_MET(lanes)                                                                              \
  do {                                                                                                 \
    if (!::cuport::taint::any) break;                                                                  \
    ::cuport::Block& b_ = *::cuport::worker.block;                                                     \
    const unsigned long first_ = static_cast<unsigned long>(b_.current - b_.thread) / 32 * 32;         \
    for (unsigned rest_ = (lanes); rest_ != 0; rest_ &= rest_ - 1)                                     \
      if (b_.thread[first_ + static_cast<unsigned>(__builtin_ctz(rest_))].state.bits) ::cuport::taint::thread(::cuport::taint::memory); \
  } while (0)
#define CUPORT_MET_BLOCK()                                                                             \
  do {                                                                                                 \
    if (!::cuport::taint::any) break;                                                                  \
    ::cuport::Block& b_ = *::cuport::worker.block;                                                     \
    for (unsigned i_ = 0; i_ < b_.threads; ++i_)                                                       \
      if (b_.thread[i_].state.bits) ::cuport::taint::thread(::cuport::taint::memory);                  \
  } while (0)
#define CUPORT_THREAD_BEGIN() ::cuport::taint::begin_thread(&::cuport::thread_state())
#define CUPORT_THREAD_RESUME() (::cuport::taint::current = &::cuport::thread_state())
#define CUPORT_ON_ATOMIC(address, bytes) ::cuport::taint::on_atomic(address, bytes)
