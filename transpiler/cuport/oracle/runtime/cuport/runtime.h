// Everything a CUDA program gets without asking, as if nvcc had included it.
#pragma once
#ifndef CUPORT_UNIT
#define CUPORT_ENCODE 1
#include "threads/atomics.h"
#include "host/clock.h"
#include "host/host.h"
#include "numbers/math.h"
#include "host/signals.h"
#include "cases/visit.h"
#ifdef CUPORT_CHECKED
#include "checked/checked_callbacks.h"
#endif
#endif
#if defined(CUPORT_THRUST) && !defined(CUPORT_THRUST_SEEN)
#define CUPORT_THRUST_SEEN
#include "thrust.h"
#endif
