// Everything a CUDA program gets without asking, as if nvcc had included it.
#pragma once
#ifndef CUPORT_UNIT
#define CUPORT_ENCODE 1
#include "atomics.h"
#include "clock.h"
#include "host.h"
#include "math.h"
#include "signals.h"
#include "visit.h"
#ifdef CUPORT_CHECKED
#include "checked_callbacks.h"
#endif
#endif
#if defined(CUPORT_THRUST) && !defined(CUPORT_THRUST_SEEN)
#define CUPORT_THRUST_SEEN
#include "thrust.h"
#endif
