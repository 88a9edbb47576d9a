// CUB's macros. Ours, as everything in this folder: CUB's own block-level headers need nvcc.
#pragma once
#include "../cuport/config.h"

#ifndef CUB_MAX
#define CUB_MAX(a, b) (((b) > (a)) ? (b) : (a))
#endif
#ifndef CUB_MIN
#define CUB_MIN(a, b) (((b) < (a)) ? (b) : (a))
#endif
#define CUB_QUOTIENT_FLOOR(x, y) ((x) / (y))
#define CUB_QUOTIENT_CEILING(x, y) (((x) + (y) - 1) / (y))
#define CUB_ROUND_UP_NEAREST(x, y) (CUB_QUOTIENT_CEILING(x, y) * (y))
#define CUB_ROUND_DOWN_NEAREST(x, y) (((x) / (y)) * (y))
#define CUB_LOG_WARP_THREADS(unused) (5)
#define CUB_WARP_THREADS(unused) (32)
#define CUB_PTX_LOG_WARP_THREADS (5)
#define CUB_PTX_WARP_THREADS (32)
#define CUB_LOG_SMEM_BANKS(unused) (5)
#define CUB_SMEM_BANKS(unused) (32)
#ifndef CUB_PTX_ARCH
#define CUB_PTX_ARCH 900
#endif
#define CUB_RUNTIME_FUNCTION
#define CUB_RUNTIME_ENABLED
#define CUB_ALIGN(bytes) __attribute__((aligned(bytes)))
#define CUB_CAT_(a, b) a##b
#define CUB_CAT(a, b) CUB_CAT_(a, b)
#define CUB_STATIC_ASSERT(condition, message) static_assert(condition, message)
#define CUB_NAMESPACE_BEGIN namespace cub {
#define CUB_NAMESPACE_END }
#define CUB_NS_QUALIFIER ::cub
// CCCL's spellings of `__host__ __device__ __forceinline__`, which code written against CUB borrows.
#ifndef _CCCL_DEVICE
#define _CCCL_DEVICE
#define _CCCL_HOST
#define _CCCL_HOST_DEVICE
#define _CCCL_FORCEINLINE inline
#endif
