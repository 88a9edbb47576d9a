// What the runtime calls in a shadow build. Included by cuport/config.h before anything else is defined.
#pragma once
#include "taint.h"

// The largest growth of an element: a pair of bytes (half) becomes a scalar of 40.
#define CUPORT_SHARED_SCALE 20
#define CUPORT_THREAD_STATE ::cuport::taint::Thread
#define CUPORT_LAUNCH_BEGIN() ::cuport::taint::begin_launch()
#define CUPORT_THREAD_BEGIN() ::cuport::taint::begin_thread(&::cuport::thread_state())
#define CUPORT_THREAD_RESUME() (::cuport::taint::current = &::cuport::thread_state())
#define CUPORT_ON_ATOMIC(address, bytes) ::cuport::taint::on_atomic(address, bytes)
