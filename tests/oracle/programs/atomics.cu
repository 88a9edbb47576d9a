// Atomics on every type, their return values, and what is built from them.
#include <cstdio>
#include <cuda_runtime.h>
#include <cuda_fp16.h>

__global__ void integers(int* i, unsigned* u, unsigned long long* l) {
  const int t = threadIdx.x;
  atomicAdd(&i[0], t);
  atomicSub(&i[1], t);
  atomicMin(&i[2], 50 - t);
  atomicMax(&i[3], t - 200);
  atomicAnd(&i[4], ~(1 << (t % 4)));
  atomicOr(&i[5], 1 << (t % 31));
  atomicXor(&i[6], t);
  atomicExch(&i[7], 77);
  atomicInc(&u[0], 9);     // 0 1 .. 9 0 ..
  atomicDec(&u[1], 9);     // wraps to 9 after 0
  atomicMax(&u[2], 3000000000u + t);
  atomicAdd(&l[0], 1ull << 33);
  atomicMax(&l[1], (unsigned long long)t << 50);
  atomicCAS(&i[8], 0, t + 1);
  atomicAdd_block(&i[9], 2);
  atomicAdd_system(&i[9], 3);
}

__global__ void floats(float* f, double* d, __half* h) {
  atomicAdd(f, 0.5f);
  atomicAdd(d, 0.25);
  atomicAdd(h, __float2half(2.0f));
}

__device__ double add_by_cas(double* address, double v) {
  unsigned long long* p = (unsigned long long*)address;
  unsigned long long old = *p, assumed;
  do {
    assumed = old;
    old = atomicCAS(p, assumed, __double_as_longlong(v + __longlong_as_double(assumed)));
  } while (assumed != old);
  return __longlong_as_double(old);
}
__device__ float max_by_cas(float* address, float v) {
  int* p = (int*)address;
  int old = *p;
  while (v > __int_as_float(old)) {
    const int seen = atomicCAS(p, old, __float_as_int(v));
    if (seen == old) break;
    old = seen;
  }
  return __int_as_float(old);
}
__global__ void by_cas(double* d, float* f) {
  add_by_cas(d, threadIdx.x * 0.5);
  max_by_cas(f, (threadIdx.x * 37 % 100) * 1.5f);
}

__global__ void compact(const int* in, int* out, int* count, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n && in[i] > 0) out[atomicAdd(count, 1)] = in[i];
}

__device__ int mutex = 0;
__device__ int guarded = 0;
__global__ void locked() {  // one thread of each block takes the lock
  if (threadIdx.x == 0) {
    while (atomicCAS(&mutex, 0, 1) != 0) {
    }
    guarded += blockIdx.x;
    __threadfence();
    atomicExch(&mutex, 0);
  }
}

__device__ unsigned int finished = 0;
__global__ void last_block_sum(const float* in, float* partial, float* out, int n) {
  __shared__ float s[64];
  __shared__ bool last;
  const int t = threadIdx.x, i = blockIdx.x * 64 + t;
  s[t] = i < n ? in[i] : 0.0f;
  __syncthreads();
  for (int d = 32; d > 0; d /= 2) {
    if (t < d) s[t] += s[t + d];
    __syncthreads();
  }
  if (t == 0) {
    partial[blockIdx.x] = s[0];
    __threadfence();
    last = atomicInc(&finished, gridDim.x) == gridDim.x - 1;
  }
  __syncthreads();
  if (last) {
    float v = 0.0f;
    for (int b = t; b < (int)gridDim.x; b += 64) v += ((volatile float*)partial)[b];
    s[t] = v;
    __syncthreads();
    if (t == 0) {
      for (int k = 1; k < 64; k++) v += s[k];
      *out = v;
      finished = 0;
    }
  }
}

int main() {
  int* i;
  unsigned* u;
  unsigned long long* l;
  cudaMallocManaged(&i, 64);
  cudaMallocManaged(&u, 64);
  cudaMallocManaged(&l, 64);
  for (int k = 0; k < 10; k++) i[k] = 0;
  i[2] = 1000, i[3] = -1000, i[4] = 0xff;
  u[0] = u[1] = u[2] = 0, l[0] = l[1] = 0;
  integers<<<1, 100>>>(i, u, l);
  cudaDeviceSynchronize();
  printf("add %d sub %d min %d max %d and %x or %x xor %d exch %d\n", i[0], i[1], i[2], i[3], i[4], i[5], i[6], i[7]);
  // expect: add 4950 sub -4950 min -49 max -101 and f0 or 7fffffff xor 0 exch 77
  printf("inc %u dec %u max %u long %llu %llu\n", u[0], u[1], u[2], l[0] >> 33, l[1] >> 50);
  // expect: inc 0 dec 0 max 3000000099 long 100 99
  printf("cas %d scoped %d\n", i[8] > 0 && i[8] <= 100, i[9]);  // expect: cas 1 scoped 500

  float* f;
  double* d;
  __half* h;
  cudaMallocManaged(&f, 4096);
  cudaMallocManaged(&d, 64);
  cudaMallocManaged(&h, 64);
  f[0] = 1, d[0] = 2, h[0] = __float2half(0.0f);
  floats<<<2, 50>>>(f, d, h);
  cudaDeviceSynchronize();
  printf("float %.2f double %.2f half %.1f\n", f[0], d[0], __half2float(h[0]));  // expect: float 51.00 double 27.00 half 200.0

  d[0] = 0, f[0] = -1;
  by_cas<<<1, 100>>>(d, f);
  cudaDeviceSynchronize();
  printf("by cas %.1f %.1f\n", d[0], f[0]);  // expect: by cas 2475.0 148.5

  int *in, *out;
  cudaMallocManaged(&in, 4000);
  cudaMallocManaged(&out, 4000);
  for (int k = 0; k < 1000; k++) in[k] = k % 3 - 1;
  i[0] = 0;
  compact<<<4, 256>>>(in, out, i, 1000);
  cudaDeviceSynchronize();
  printf("compact %d %d\n", i[0], out[i[0] - 1]);  // expect: compact 333 1

  locked<<<20, 64>>>();
  int g;
  cudaMemcpyFromSymbol(&g, guarded, sizeof g);
  printf("locked %d\n", g);  // expect: locked 190

  for (int k = 0; k < 1000; k++) f[k] = 1.0f;
  float* part;
  cudaMalloc(&part, 1000);
  for (int k = 0; k < 2; k++) last_block_sum<<<16, 64>>>(f, part, f + 1000, 1000);
  cudaDeviceSynchronize();
  printf("last block %.1f\n", f[1000]);  // expect: last block 1000.0
  return 0;
}
