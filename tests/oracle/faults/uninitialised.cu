// Reads of what nobody has written.
// A comment `fault: KERNEL KIND` marks the line that is to be named; kernels called clean_* have no fault.
#include <cstdio>
#include <cuda_runtime.h>

__global__ void fresh_global(const float* never, float* out) {
  out[threadIdx.x] = never[threadIdx.x] * 2;  // fault: fresh_global uninitialised
}
__global__ void fresh_tail(const int* x, int* out) {  // the copy filled half of it
  out[threadIdx.x] = x[threadIdx.x];  // fault: fresh_tail uninitialised
}
__global__ void clean_half(const int* x, int* out) {
  if (threadIdx.x < 32) out[threadIdx.x] = x[threadIdx.x];
}
__global__ void counted_from_fresh(int* count) {
  atomicAdd(count, 1);  // fault: counted_from_fresh uninitialised
}
__global__ void clean_filled(int* count) { atomicAdd(count + threadIdx.x % 4, 1); }
__global__ void accumulated(float* sum, const float* x) {
  sum[threadIdx.x] += x[threadIdx.x];  // fault: accumulated uninitialised
}
__global__ void shared_part(const float* in, float* out) {
  __shared__ float s[64];
  int t = threadIdx.x;
  if (t < 60) s[t] = in[t];
  __syncthreads();
  out[t] = s[63 - t];  // fault: shared_part uninitialised
}
__global__ void clean_shared(const float* in, float* out) {
  __shared__ float s[64];
  int t = threadIdx.x;
  s[t] = t < 60 ? in[t] : 0;
  __syncthreads();
  out[t] = s[63 - t];
}
__global__ void shared_bins(const int* x, int* out) {
  __shared__ int bins[8];
  atomicAdd(&bins[x[threadIdx.x] & 7], 1);  // fault: shared_bins uninitialised
  __syncthreads();
  if (threadIdx.x < 8) out[threadIdx.x] = bins[threadIdx.x];
}
__global__ void second_block(const float* in, float* out) {  // what another block left in the same place does not count
  __shared__ float s[32];
  if (blockIdx.x == 0) s[threadIdx.x] = in[threadIdx.x];
  __syncthreads();
  out[blockIdx.x * 32 + threadIdx.x] = s[threadIdx.x];  // fault: second_block uninitialised
}
__global__ void dynamic_unset(int* out) {
  extern __shared__ int d[];
  if (threadIdx.x) d[threadIdx.x] = 1;
  __syncthreads();
  out[threadIdx.x] = d[0];  // fault: dynamic_unset uninitialised
}
struct Pair {
  int key;
  double value;
};
__global__ void half_struct(Pair* p, double* out) {
  p[threadIdx.x].key = 1;
  out[threadIdx.x] = p[threadIdx.x].value;  // fault: half_struct uninitialised
}
__global__ void clean_struct(Pair* p, Pair* q) {  // with holes between its members
  Pair x;
  x.key = 1, x.value = 2;
  p[threadIdx.x].key = x.key;
  p[threadIdx.x].value = x.value;
  q[threadIdx.x] = p[threadIdx.x];
}
__global__ void fresh_bytes(const unsigned char* never, int* out) {
  out[threadIdx.x] = never[4 * threadIdx.x];  // fault: fresh_bytes uninitialised
}
__global__ void fresh_vector(const float4* never, float4* out) {
  out[threadIdx.x] = never[threadIdx.x];  // fault: fresh_vector uninitialised
}
__global__ void copied_fresh(const int* x, int* out) {  // a device-to-device copy of what was never written
  out[threadIdx.x] = x[threadIdx.x];  // fault: copied_fresh uninitialised
}
__global__ void writes_it(int* x) { x[threadIdx.x] = (int)threadIdx.x; }
__global__ void clean_reads_it(const int* x, int* y) { y[threadIdx.x] = x[threadIdx.x]; }
__global__ void clean_managed(const int* m, int* y) { y[threadIdx.x] = m[threadIdx.x]; }
__global__ void clean_pattern(const unsigned* x, unsigned* y) { y[threadIdx.x] = x[threadIdx.x]; }

int main() {
  int *a, *b, *c, host[256];
  for (int i = 0; i < 256; ++i) host[i] = i;
  const auto renew = [&] {
    cudaDeviceReset();
    cudaMalloc(&a, 1024), cudaMalloc(&b, 1024), cudaMalloc(&c, 1024);
    cudaMemcpy(a, host, 1024, cudaMemcpyHostToDevice), cudaMemset(b, 0, 1024);
  };
#define RUN(...) renew(), __VA_ARGS__, cudaDeviceSynchronize()
  RUN(fresh_global<<<1, 32>>>((float*)c, (float*)b));
  renew(), cudaMemcpy(c, host, 128, cudaMemcpyHostToDevice);
  fresh_tail<<<1, 64>>>(c, b);
  renew(), cudaMemcpy(c, host, 128, cudaMemcpyHostToDevice);
  clean_half<<<1, 64>>>(c, b);
  RUN(counted_from_fresh<<<1, 32>>>(c));
  renew(), cudaMemset(c, 0, 16);
  clean_filled<<<1, 32>>>(c);
  RUN(accumulated<<<1, 32>>>((float*)c, (float*)a));
  RUN(shared_part<<<1, 64>>>((float*)a, (float*)b));
  RUN(clean_shared<<<1, 64>>>((float*)a, (float*)b));
  RUN(shared_bins<<<1, 64>>>(a, b));
  RUN(second_block<<<2, 32>>>((float*)a, (float*)b));
  RUN(dynamic_unset<<<1, 32, 128>>>(b));
  RUN(half_struct<<<1, 32>>>((Pair*)c, (double*)b));
  RUN(clean_struct<<<1, 32>>>((Pair*)c, (Pair*)b));
  RUN(fresh_bytes<<<1, 32>>>((unsigned char*)c, b));
  RUN(fresh_vector<<<1, 32>>>((float4*)c, (float4*)b));
  renew(), cudaMemcpy(b, c, 1024, cudaMemcpyDeviceToDevice);
  copied_fresh<<<1, 32>>>(b, a);
  renew();
  writes_it<<<1, 64>>>(c);
  clean_reads_it<<<1, 64>>>(c, b);
  int* managed;
  cudaMallocManaged(&managed, 256);
  for (int i = 0; i < 64; ++i) managed[i] = i;
  clean_managed<<<1, 64>>>(managed, b);
  cudaDeviceSynchronize();
  for (int& h : host) h = 0x7FF77FF7;  // what fresh memory holds, but copied there
  renew();
  clean_pattern<<<1, 64>>>((unsigned*)a, (unsigned*)b);
  return 0;
}
