// Shared memory, local arrays and device variables over their ends.
// A comment `fault: KERNEL KIND` marks the line that is to be named; kernels called clean_* have no fault.
#include <cstdio>
#include <cuda_runtime.h>

#define TILE 16
__global__ void halo_too_small(const float* in, float* out) {
  __shared__ float tile[64];
  __shared__ float other[64];
  int t = threadIdx.x;
  tile[t + 1] = in[t];  // fault: halo_too_small out-of-bounds
  other[t] = 0;
  __syncthreads();
  out[t] = tile[t > 0 ? t : 1] + other[t];
}
__global__ void clean_halo(const float* in, float* out) {
  __shared__ float tile[66];
  int t = threadIdx.x;
  tile[t + 1] = in[t];
  if (t == 0) tile[0] = tile[65] = 0;
  __syncthreads();
  out[t] = tile[t] + tile[t + 1] + tile[t + 2];
}
__global__ void below_shared(const float* in, float* out) {
  __shared__ float a[32];
  int t = threadIdx.x;
  a[t] = in[t];
  __syncthreads();
  out[t] = a[t - 1];  // fault: below_shared out-of-bounds
}
__global__ void dynamic_small(int* data) {
  extern __shared__ int s[];
  s[threadIdx.x] = data[threadIdx.x];  // fault: dynamic_small out-of-bounds
  __syncthreads();
  data[threadIdx.x] = s[threadIdx.x / 2];
}
__global__ void clean_dynamic(int* data) {
  extern __shared__ int s[];
  s[threadIdx.x] = data[threadIdx.x];
  __syncthreads();
  data[threadIdx.x] = s[blockDim.x - 1 - threadIdx.x];
}
__global__ void dynamic_parts(const float* in, float* out, int n) {
  extern __shared__ char raw[];
  float* x = reinterpret_cast<float*>(raw);
  double* y = reinterpret_cast<double*>(x + n);
  int t = threadIdx.x;
  x[t] = in[t];
  y[t] = in[t];  // fault: dynamic_parts out-of-bounds
  __syncthreads();
  out[t] = x[n - 1 - t] + (float)y[0];
}
__global__ void tile_rows(const float* in, float* out, int rows) {
  __shared__ float s[TILE][TILE + 1];
  int x = threadIdx.x, y = threadIdx.y;
  for (int r = y; r <= rows; r += blockDim.y) s[r][x] = in[x];  // fault: tile_rows out-of-bounds
  __syncthreads();
  out[y * TILE + x] = s[x][y];
}
__global__ void clean_tile(const float* in, float* out) {
  __shared__ float s[TILE][TILE + 1];
  int x = threadIdx.x, y = threadIdx.y;
  s[y][x] = in[y * TILE + x];
  __syncthreads();
  out[y * TILE + x] = s[x][y];
}
__global__ void clean_flattened(const float* in, float* out) {  // one index over both dimensions stays inside the array
  __shared__ float s[4][8];
  int t = threadIdx.x;
  s[0][t] = in[t];
  __syncthreads();
  out[t] = s[0][31 - t];
}
struct Node {
  int key[4];
  int count;
};
__global__ void member_shared(int* out, int n) {
  __shared__ Node node[2];
  int t = threadIdx.x;
  if (t == 0) {
    for (int i = 0; i <= n; ++i) node[1].key[i] = i;  // fault: member_shared out-of-bounds
    node[1].count = n;
  }
  __syncthreads();
  out[t] = node[1].key[t % 4];
}
__global__ void clean_member(int* out, int n) {
  __shared__ Node node[2];
  int t = threadIdx.x;
  if (t < 4) node[1].key[t] = t * n;
  __syncthreads();
  out[t] = node[1].key[t % 4];
}
__global__ void local_index(const int* in, int* out) {
  int count[8] = {0};
  for (int i = 0; i < 4; ++i) count[in[i]]++;  // fault: local_index out-of-bounds
  out[threadIdx.x] = count[threadIdx.x % 8];
}
__global__ void clean_local(const int* in, int* out) {
  int count[8] = {0};
  for (int i = 0; i < 4; ++i) count[in[i] & 7]++;
  out[threadIdx.x] = count[threadIdx.x % 8];
}
__global__ void member_global(Node* nodes, int n) {
  nodes[0].key[n] = 7;  // fault: member_global out-of-bounds
}
__constant__ float weights[5];
__constant__ float more[3];
__device__ int table[10];
__device__ int tail[10];
__global__ void constant_past(float* out, int radius) {
  float s = 0;
  for (int k = -radius; k <= radius; ++k) s += weights[k + radius];  // fault: constant_past out-of-bounds
  out[threadIdx.x] = s + more[0];
}
__global__ void clean_constant(float* out) {
  float s = 0;
  for (int k = -2; k <= 2; ++k) s += weights[k + 2];
  out[threadIdx.x] = s;
}
__global__ void variable_past(int n) {
  table[threadIdx.x * n] = 1;  // fault: variable_past out-of-bounds
}
__global__ void clean_variable() {
  table[threadIdx.x] = tail[threadIdx.x];
}
template <typename T, int N> struct Ring {
  T slot[N];
  __device__ void put(int i, T v) { slot[i] = v; }  // fault: ring_past out-of-bounds
};
__global__ void ring_past(int* out, int n) {
  Ring<int, 4> ring;
  for (int i = 0; i < n; ++i) ring.put(i, i);
  out[threadIdx.x] = ring.slot[threadIdx.x % 4];
}

int main() {
  float *a, *b;
  float host[256] = {};
  const auto renew = [&] {
    cudaDeviceReset();
    cudaMalloc(&a, 1024), cudaMalloc(&b, 1024);
    cudaMemcpy(a, host, 1024, cudaMemcpyHostToDevice), cudaMemcpy(b, host, 1024, cudaMemcpyHostToDevice);
  };
#define RUN(...) renew(), __VA_ARGS__, cudaDeviceSynchronize()
  RUN(halo_too_small<<<1, 64>>>(a, b));
  RUN(clean_halo<<<1, 64>>>(a, b));
  RUN(below_shared<<<1, 32>>>(a, b));
  RUN(dynamic_small<<<1, 64, 60 * sizeof(int)>>>((int*)a));
  RUN(clean_dynamic<<<1, 64, 64 * sizeof(int)>>>((int*)a));
  RUN(dynamic_parts<<<1, 32, 32 * 2 * sizeof(float)>>>(a, b, 32));
  RUN(tile_rows<<<1, dim3(16, 4)>>>(a, b, TILE));
  RUN(clean_tile<<<1, dim3(16, 16)>>>(a, b));
  RUN(clean_flattened<<<1, 32>>>(a, b));
  RUN(member_shared<<<1, 32>>>((int*)a, 4));
  RUN(clean_member<<<1, 32>>>((int*)a, 4));
  int big[4] = {1, 2, 3, 9};
  renew(), cudaMemcpy(a, big, sizeof big, cudaMemcpyHostToDevice);
  local_index<<<1, 32>>>((int*)a, (int*)b);
  RUN(clean_local<<<1, 32>>>((int*)a, (int*)b));
  RUN(member_global<<<1, 1>>>((Node*)a, 4));
  RUN(constant_past<<<1, 32>>>(a, 3));
  RUN(clean_constant<<<1, 32>>>(a));
  RUN(variable_past<<<1, 2>>>(10));
  RUN(clean_variable<<<1, 10>>>());
  RUN(ring_past<<<1, 32>>>((int*)a, 6));
  return 0;
}
