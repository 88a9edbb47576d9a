// What the units of this program share, as with `nvcc -rdc=true`.
#pragma once
#include <cuda_runtime.h>
#ifndef SIZE
#error SIZE is the number of elements
#endif

extern __constant__ float weights[4];
extern __device__ int launches;
__global__ void reverse(float* p, int n, float add = 1.0f);
#ifdef __CUDACC__
template <typename T>
__global__ void fill(T* p, T value) { p[threadIdx.x] = value; }
#endif
template <typename T>
__global__ void elsewhere(T* p, T value);
namespace tools {
__global__ void count(int* out);
}
__device__ float weigh(float x, int which);
__device__ float averaged(float x);

void from_kernels(float* p);
void by_address(const void* kernel, float* p, int n);
const void* kernel_address();
int host_sum(const float* p, int n);
