// What device code alone gets: unit builds have no host program.
#pragma once
#define CUPORT_UNIT 1
#ifndef CUPORT_DECODE
#define CUPORT_DECODE 1
#endif
#include "atomics.h"
#include "clock.h"
#include "grid.h"
#include "math.h"
#include "signals.h"
#include "visit.h"
#ifdef CUPORT_CHECKED
#include "checked_callbacks.h"
#endif
#if defined(CUPORT_THRUST) && !defined(CUPORT_THRUST_SEEN)
#define CUPORT_THRUST_SEEN
#include "thrust.h"
#endif
typedef unsigned long long cudaGraphConditionalHandle;
CUPORT_QUIET inline void cudaGraphSetConditional(cudaGraphConditionalHandle, unsigned) {}  // a kernel by itself is in no graph
