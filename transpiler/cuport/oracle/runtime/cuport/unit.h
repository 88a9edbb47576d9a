// What device code alone gets: unit builds have no host program.
#pragma once
#define CUPORT_UNIT 1
#ifndef CUPORT_DECODE
#define CUPORT_DECODE 1
#endif
#include "threads/atomics.h"
#include "host/clock.h"
#include "threads/grid.h"
#include "numbers/math.h"
#include "host/signals.h"
#include "cases/visit.h"
#ifdef CUPORT_CHECKED
#include "checked/checked_callbacks.h"
#endif
#if defined(CUPORT_THRUST) && !defined(CUPORT_THRUST_SEEN)
#define CUPORT_THRUST_SEEN
#include "thrust.h"
#endif
typedef unsigned long long cudaGraphConditionalHandle;
CUPORT_QUIET inline void cudaGraphSetConditional(cudaGraphConditionalHandle, unsigned) {}  // a kernel by itself is in no graph
