// __half and __half2.
#pragma once
#include "cuport/cases/describe.h"
#include "cuport/numbers/narrow_more.h"

namespace cuport {
using HalfFormat = Format16<5, 10>;
}
struct __half_raw {
  unsigned short x;
};
struct __half2_raw {
  unsigned short x, y;
};
CUPORT_NARROW(__half, __half2, cuport::HalfFormat, "float16", __half_raw, __half2_raw)
CUPORT_NARROW_NAMES(__half, __half2, cuport::HalfFormat, half, half2)
CUPORT_NARROW_MORE(__half, __half2, cuport::HalfFormat, half, __half_raw, __half2_raw)
#ifndef CUDA_NO_HALF
typedef __half half;
typedef __half2 half2;
#endif
typedef __half __nv_half;
typedef __half2 __nv_half2;
#define CUDART_INF_FP16 __ushort_as_half(0x7C00u)
#define CUDART_NAN_FP16 __ushort_as_half(0x7FFFu)
#define CUDART_MAX_NORMAL_FP16 __ushort_as_half(0x7BFFu)
#define CUDART_ONE_FP16 __ushort_as_half(0x3C00u)
#define CUDART_MIN_DENORM_FP16 __ushort_as_half(0x0001u)
#define CUDART_NEG_ZERO_FP16 __ushort_as_half(0x8000u)
#define CUDART_ZERO_FP16 __ushort_as_half(0x0000u)
// How CUDA's own headers, and programs that imitate them, reach the bits.
#define __HALF_TO_US(v) (*reinterpret_cast<unsigned short*>(&(v)))
#define __HALF_TO_CUS(v) (*reinterpret_cast<const unsigned short*>(&(v)))
#define __HALF2_TO_UI(v) (*reinterpret_cast<unsigned int*>(&(v)))
#define __HALF2_TO_CUI(v) (*reinterpret_cast<const unsigned int*>(&(v)))
