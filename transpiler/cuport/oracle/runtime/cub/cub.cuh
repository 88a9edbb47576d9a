// All of CUB that cuport has: block- and warp-level collectives, device-wide algorithms, iterators.
#pragma once
#include <cuda/functional>
#include <cuda/std/functional>
#include "block/block_discontinuity.cuh"
#include "block/block_exchange.cuh"
#include "block/block_histogram.cuh"
#include "block/block_load.cuh"
#include "block/block_radix_sort.cuh"
#include "block/block_reduce.cuh"
#include "block/block_scan.cuh"
#include "thread/thread_search.cuh"
#include "util_allocator.cuh"
#include "util_math.cuh"
#include "version.cuh"
#include "warp/warp_exchange.cuh"
#include "warp/warp_reduce.cuh"
#include "warp/warp_scan.cuh"
#ifndef CUPORT_UNIT
#include "device/device_histogram.cuh"
#include "device/device_merge_sort.cuh"
#include "device/device_radix_sort.cuh"
#include "device/device_reduce.cuh"
#include "device/device_scan.cuh"
#include "device/device_select.cuh"
#endif
#include "grid/grid_barrier.cuh"
#include "iterator/iterators.cuh"
