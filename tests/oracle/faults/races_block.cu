// Races between threads of one block, and the same with the barrier or atomic that is missing.
// A comment `fault: KERNEL KIND` marks the line that is to be named; kernels called clean_* have no fault.
#include <cstdio>
#include <cuda_runtime.h>

__global__ void missing_barrier(const float* in, float* out) {
  __shared__ float s[128];
  int t = threadIdx.x;
  s[t] = in[t];
  out[t] = s[127 - t];  // fault: missing_barrier race
}
__global__ void clean_barrier(const float* in, float* out) {
  __shared__ float s[128];
  int t = threadIdx.x;
  s[t] = in[t];
  __syncthreads();
  out[t] = s[127 - t];
}
__global__ void reduce_no_barrier(const float* in, float* out) {
  __shared__ float s[256];
  unsigned tid = threadIdx.x;
  s[tid] = in[tid];
  __syncthreads();
  for (unsigned d = blockDim.x / 2; d > 0; d >>= 1) {
    if (tid < d) s[tid] += s[tid + d];  // fault: reduce_no_barrier race
  }
  if (tid == 0) out[0] = s[0];
}
__global__ void clean_reduce(const float* in, float* out) {
  __shared__ float s[256];
  unsigned tid = threadIdx.x;
  s[tid] = in[tid];
  __syncthreads();
  for (unsigned d = blockDim.x / 2; d > 0; d >>= 1) {
    if (tid < d) s[tid] += s[tid + d];
    __syncthreads();
  }
  if (tid == 0) out[0] = s[0];
}
__global__ void tile_reused(const float* a, const float* b, float* c, int n) {  // the second barrier of a tiled product
  __shared__ float A[16][16], B[16][16];
  int x = threadIdx.x, y = threadIdx.y;
  float sum = 0;
  for (int t = 0; t < n / 16; ++t) {
    A[y][x] = a[y * n + t * 16 + x];  // fault: tile_reused race
    B[y][x] = b[(t * 16 + y) * 16 + x];
    __syncthreads();
    for (int k = 0; k < 16; ++k) sum += A[y][k] * B[k][x];
  }
  c[y * 16 + x] = sum;
}
__global__ void clean_tiles(const float* a, const float* b, float* c, int n) {
  __shared__ float A[16][16], B[16][16];
  int x = threadIdx.x, y = threadIdx.y;
  float sum = 0;
  for (int t = 0; t < n / 16; ++t) {
    A[y][x] = a[y * n + t * 16 + x];
    B[y][x] = b[(t * 16 + y) * 16 + x];
    __syncthreads();
    for (int k = 0; k < 16; ++k) sum += A[y][k] * B[k][x];
    __syncthreads();
  }
  c[y * 16 + x] = sum;
}
__global__ void ping_pong(float* data, int steps) {  // both halves in one buffer: reads and writes of a step meet
  __shared__ float s[2][64];
  int t = threadIdx.x, now = 0;
  s[0][t] = data[t];
  __syncthreads();
  for (int i = 0; i < steps; ++i) {
    float v = 0.5f * (s[now][t] + s[now][(t + 1) % 64]);
    s[now][t] = v;  // fault: ping_pong race
    __syncthreads();
  }
  data[t] = s[now][t];
}
__global__ void clean_ping_pong(float* data, int steps) {
  __shared__ float s[2][64];
  int t = threadIdx.x, now = 0;
  s[0][t] = data[t];
  __syncthreads();
  for (int i = 0; i < steps; ++i) {
    s[1 - now][t] = 0.5f * (s[now][t] + s[now][(t + 1) % 64]);
    now = 1 - now;
    __syncthreads();
  }
  data[t] = s[now][t];
}
__global__ void shared_histogram(const unsigned char* text, unsigned* bins) {
  __shared__ unsigned count[16];
  int t = threadIdx.x;
  if (t < 16) count[t] = 0;
  __syncthreads();
  count[text[t] % 16]++;  // fault: shared_histogram race
  __syncthreads();
  if (t < 16) bins[t] = count[t];
}
__global__ void clean_histogram(const unsigned char* text, unsigned* bins) {
  __shared__ unsigned count[16];
  int t = threadIdx.x;
  if (t < 16) count[t] = 0;
  __syncthreads();
  atomicAdd(count + text[t] % 16, 1u);
  __syncthreads();
  if (t < 16) bins[t] = count[t];
}
__global__ void zeroing_late(const int* x, int* out) {  // thread 0 clears while others count
  __shared__ int n;
  if (threadIdx.x == 0) n = 0;
  if (x[threadIdx.x] > 2) atomicAdd(&n, 1);  // fault: zeroing_late race
  __syncthreads();
  if (threadIdx.x == 0) *out = n;
}
__global__ void global_neighbour(float* x) {  // in place, within a block, through global memory
  int t = threadIdx.x;
  if (t > 0) x[t] = x[t] + x[t - 1];  // fault: global_neighbour race
}
__global__ void clean_global(float* x) {
  int t = threadIdx.x;
  float v = t > 0 ? x[t] + x[t - 1] : x[t];
  __syncthreads();
  x[t] = v;
}
__global__ void broadcast(const int* in, int* out) {
  __shared__ int first;
  if (threadIdx.x == 64) first = in[0];
  out[threadIdx.x] = first + (int)threadIdx.x;  // fault: broadcast race
}
__global__ void clean_broadcast(const int* in, int* out) {
  __shared__ int first;
  if (threadIdx.x == 64) first = in[0];
  __syncthreads();
  out[threadIdx.x] = first + (int)threadIdx.x;
}
__global__ void halves_of_words(unsigned short* p) {  // neighbours share a 16-bit element
  p[threadIdx.x / 2] = (unsigned short)threadIdx.x;  // fault: halves_of_words race
}
__global__ void clean_halves(unsigned short* p) {
  p[threadIdx.x] = (unsigned short)threadIdx.x;
}
__global__ void wide_and_narrow(int4* wide, int* narrow) {  // four words at once over a neighbour's one
  int t = threadIdx.x;
  if (t % 2 == 0) wide[t / 2] = make_int4(t, t, t, t);
  else narrow[4 * (t / 2) + 2] = -t;  // fault: wide_and_narrow race
}
__global__ void flag_same(const int* x, int* any) {
  if (x[threadIdx.x] >= 0) *any = 1;  // benign: flag_same race-same-value
}
__global__ void counter_read(int* n, int* out) {
  out[threadIdx.x] = atomicAdd(n, 1);  // benign: counter_read race-atomic
  if (*n == 40) out[0] = 1;
}
__global__ void skipped_barrier(float* x, int rounds) {  // only even rounds have their barrier
  __shared__ float s[64];
  int t = threadIdx.x;
  s[t] = x[t];
  __syncthreads();
  for (int r = 0; r < rounds; ++r) {
    float v = s[(t + 33) % 64];  // fault: skipped_barrier race
    if (r % 2 == 0) __syncthreads();
    s[t] = v;
    __syncthreads();
  }
  x[t] = s[t];
}
__global__ void struct_fields(float2* p) {  // the whole of a pair is written by one, half of it by another
  int t = threadIdx.x;
  p[t / 2 * 2] = make_float2(t, t);  // fault: struct_fields race
}
__global__ void clean_fields(float2* p) {
  if (threadIdx.x % 2) p[threadIdx.x / 2].x = 1;
  else p[threadIdx.x / 2].y = 2;
}
__global__ void one_of_many_readers(float* a, float* b) {  // read by all before the barriers, by two after them
  int t = threadIdx.x;
  float sum = 0;
  for (int k = 0; k < 4; ++k) sum += a[(t + 32 * k) % 128];
  __syncthreads();
  for (int k = 0; k < 4; ++k) sum += a[(t + 32 * k + 16) % 128];
  __syncthreads();
  if (t == 0) b[0] = a[77] + sum;
  a[t] = a[t] + 1;  // fault: one_of_many_readers race
}
__global__ void clean_readers(float* a, float* b) {
  int t = threadIdx.x;
  float sum = 0;
  for (int k = 0; k < 4; ++k) sum += a[(t + 32 * k) % 128];
  __syncthreads();
  if (t == 0) b[0] = a[77] + sum;
  __syncthreads();
  a[t] = a[t] + 1;
}
__device__ __noinline__ float taken_by_value(float4 v, float w) { return v.x * w + v.w; }
__device__ __noinline__ void given_by_reference(float4& v, float w) { v.x = w, v.y = w, v.z = w, v.w = w; }
__global__ void struct_argument(const float4* in, float* out) {
  extern __shared__ float4 tile[];
  tile[threadIdx.x] = in[threadIdx.x];
  out[threadIdx.x] = taken_by_value(tile[63 - threadIdx.x], 2);  // fault: struct_argument race
}
__global__ void clean_argument(const float4* in, float* out) {
  extern __shared__ float4 tile[];
  given_by_reference(tile[threadIdx.x], in[threadIdx.x].x);
  __syncthreads();
  out[threadIdx.x] = taken_by_value(tile[63 - threadIdx.x], 2);
}

int main() {
  float *a, *b, *c;
  static float host[4096];
  for (int i = 0; i < 4096; ++i) host[i] = i % 7 + 1;
  const auto renew = [&] {
    cudaDeviceReset();
    cudaMalloc(&a, sizeof host), cudaMalloc(&b, sizeof host), cudaMalloc(&c, sizeof host);
    cudaMemcpy(a, host, sizeof host, cudaMemcpyHostToDevice), cudaMemcpy(b, host, sizeof host, cudaMemcpyHostToDevice);
    cudaMemcpy(c, host, sizeof host, cudaMemcpyHostToDevice);
  };
#define RUN(...) renew(), __VA_ARGS__, cudaDeviceSynchronize()
  RUN(missing_barrier<<<1, 128>>>(a, b));
  RUN(clean_barrier<<<1, 128>>>(a, b));
  RUN(reduce_no_barrier<<<1, 256>>>(a, b));
  RUN(clean_reduce<<<1, 256>>>(a, b));
  RUN(tile_reused<<<1, dim3(16, 16)>>>(a, b, c, 64));
  RUN(clean_tiles<<<1, dim3(16, 16)>>>(a, b, c, 64));
  RUN(ping_pong<<<1, 64>>>(a, 3));
  RUN(clean_ping_pong<<<1, 64>>>(a, 3));
  RUN(shared_histogram<<<1, 128>>>((unsigned char*)a, (unsigned*)b));
  RUN(clean_histogram<<<1, 128>>>((unsigned char*)a, (unsigned*)b));
  RUN(zeroing_late<<<1, 96>>>((int*)a, (int*)b));
  RUN(global_neighbour<<<1, 96>>>(a));
  RUN(clean_global<<<1, 96>>>(a));
  RUN(broadcast<<<1, 128>>>((int*)a, (int*)b));
  RUN(clean_broadcast<<<1, 128>>>((int*)a, (int*)b));
  RUN(halves_of_words<<<1, 64>>>((unsigned short*)a));
  RUN(clean_halves<<<1, 64>>>((unsigned short*)a));
  RUN(wide_and_narrow<<<1, 64>>>((int4*)a, (int*)a));
  RUN(flag_same<<<1, 64>>>((int*)a, (int*)b));
  RUN(counter_read<<<1, 64>>>((int*)a, (int*)b));
  RUN(skipped_barrier<<<1, 64>>>(a, 3));
  RUN(struct_fields<<<1, 64>>>((float2*)a));
  RUN(clean_fields<<<1, 64>>>((float2*)a));
  RUN(one_of_many_readers<<<1, 128>>>(a, b));
  RUN(clean_readers<<<1, 128>>>(a, b));
  RUN(struct_argument<<<1, 64, 1024>>>((float4*)a, b));
  RUN(clean_argument<<<1, 64, 1024>>>((float4*)a, b));
  return 0;
}
