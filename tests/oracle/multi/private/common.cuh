// Device variables in a header that both units include, as without -rdc: each unit has its own.
#pragma once
#include <cuda_runtime.h>
__constant__ int table[2] = {1, 2};
__device__ int hits;
static __device__ int look(int i) { return table[i]; }
