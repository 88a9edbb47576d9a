// __nv_bfloat16 and __nv_bfloat162.
#pragma once
#include "cuport/describe.h"
#include "cuport/narrow.h"

namespace cuport {
using BrainFormat = Format16<8, 7>;
}
CUPORT_NARROW(__nv_bfloat16, __nv_bfloat162, cuport::BrainFormat, "bfloat16")
CUPORT_NARROW_NAMES(__nv_bfloat16, __nv_bfloat162, cuport::BrainFormat, bfloat16, bfloat162)
struct __nv_bfloat16_raw {
  unsigned short x;
};
typedef __nv_bfloat16 nv_bfloat16;
typedef __nv_bfloat162 nv_bfloat162;
#define CUDART_INF_BF16 __ushort_as_bfloat16(0x7F80u)
#define CUDART_NAN_BF16 __ushort_as_bfloat16(0x7FFFu)
#define CUDART_ONE_BF16 __ushort_as_bfloat16(0x3F80u)
#define CUDART_ZERO_BF16 __ushort_as_bfloat16(0x0000u)
