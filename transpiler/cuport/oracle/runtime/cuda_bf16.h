// __nv_bfloat16 and __nv_bfloat162.
#pragma once
#include "cuport/cases/describe.h"
#include "cuport/numbers/narrow_more.h"

namespace cuport {
using BrainFormat = Format16<8, 7>;
}
struct __nv_bfloat16_raw {
  unsigned short x;
};
struct __nv_bfloat162_raw {
  unsigned short x, y;
};
CUPORT_NARROW(__nv_bfloat16, __nv_bfloat162, cuport::BrainFormat, "bfloat16", __nv_bfloat16_raw, __nv_bfloat162_raw)
CUPORT_NARROW_NAMES(__nv_bfloat16, __nv_bfloat162, cuport::BrainFormat, bfloat16, bfloat162)
CUPORT_NARROW_MORE(__nv_bfloat16, __nv_bfloat162, cuport::BrainFormat, bfloat16, __nv_bfloat16_raw, __nv_bfloat162_raw)
typedef __nv_bfloat16 nv_bfloat16;
typedef __nv_bfloat162 nv_bfloat162;
#define CUDART_INF_BF16 __ushort_as_bfloat16(0x7F80u)
#define CUDART_NAN_BF16 __ushort_as_bfloat16(0x7FFFu)
#define CUDART_ONE_BF16 __ushort_as_bfloat16(0x3F80u)
#define CUDART_MIN_DENORM_BF16 __ushort_as_bfloat16(0x0001u)
#define CUDART_MAX_NORMAL_BF16 __ushort_as_bfloat16(0x7F7Fu)
#define CUDART_NEG_ZERO_BF16 __ushort_as_bfloat16(0x8000u)
#define CUDART_ZERO_BF16 __ushort_as_bfloat16(0x0000u)
#define __BFLOAT16_TO_US(v) (*reinterpret_cast<unsigned short*>(&(v)))
#define __BFLOAT16_TO_CUS(v) (*reinterpret_cast<const unsigned short*>(&(v)))
#define __BFLOAT162_TO_UI(v) (*reinterpret_cast<unsigned int*>(&(v)))
#define __BFLOAT162_TO_CUI(v) (*reinterpret_cast<const unsigned int*>(&(v)))
