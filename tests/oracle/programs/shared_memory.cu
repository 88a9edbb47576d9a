// Shared memory: static and dynamic, several variables, 2-D, in templates, in device functions, carved by hand.
#include <cstdio>

template <typename T, int N>
__global__ void reverse(T* data) {
  __shared__ T tile[N];
  const int t = threadIdx.x;
  tile[t] = data[t];
  __syncthreads();
  data[t] = tile[N - 1 - t];
}

__global__ void transpose(const int* in, int* out, int n) {
  __shared__ int tile[8][9];
  int x = blockIdx.x * 8 + threadIdx.x, y = blockIdx.y * 8 + threadIdx.y;
  if (x < n && y < n) tile[threadIdx.y][threadIdx.x] = in[y * n + x];
  __syncthreads();
  x = blockIdx.y * 8 + threadIdx.x, y = blockIdx.x * 8 + threadIdx.y;
  if (x < n && y < n) out[y * n + x] = tile[threadIdx.x][threadIdx.y];
}

template <class T>
struct Dynamic {
  __device__ operator T*() {
    extern __shared__ int raw[];
    return (T*)raw;
  }
};

template <class T>
__global__ void block_sum(const T* in, T* out, int n) {
  T* s = Dynamic<T>();
  const int t = threadIdx.x;
  s[t] = t < n ? in[t] : T(0);
  __syncthreads();
  for (int d = blockDim.x / 2; d > 0; d >>= 1) {
    if (t < d) s[t] += s[t + d];
    __syncthreads();
  }
  if (t == 0) *out = s[0];
}

__global__ void carved(int* out) {
  extern __shared__ __align__(16) unsigned char bytes[];
  float* f = reinterpret_cast<float*>(bytes);
  int* i = reinterpret_cast<int*>(bytes + blockDim.x * sizeof(float));
  f[threadIdx.x] = threadIdx.x * 0.5f;
  i[threadIdx.x] = threadIdx.x * 3;
  __syncthreads();
  const int other = blockDim.x - 1 - threadIdx.x;
  out[threadIdx.x] = (int)(2 * f[other]) + i[other];
}

__device__ int sum_through_shared(int v) {
  __shared__ int total;
  if (threadIdx.x == 0) total = 0;
  __syncthreads();
  atomicAdd(&total, v);
  __syncthreads();
  return total;
}

__global__ void two_calls(int* out) {
  const int first = sum_through_shared(1);
  __syncthreads();
  const int second = sum_through_shared(threadIdx.x);
  if (threadIdx.x == 0) out[0] = first, out[1] = second;
}

__global__ void scalars(int* out) {
  __shared__ int a, b[2];
  __shared__ struct { int x; float y; } pair;
  if (threadIdx.x == 31) a = 5, b[0] = 6, b[1] = 7, pair.x = 8, pair.y = 9.5f;
  __syncthreads();
  if (threadIdx.x == 0) *out = a * 10000 + b[0] * 1000 + b[1] * 100 + pair.x * 10 + (int)pair.y;
}

int main() {
  int* d;
  cudaMalloc(&d, 4096);
  int h[1024];
  for (int i = 0; i < 33; i++) h[i] = i;
  cudaMemcpy(d, h, sizeof h, cudaMemcpyHostToDevice);
  reverse<int, 33><<<1, 33>>>(d);
  cudaMemcpy(h, d, sizeof h, cudaMemcpyDeviceToHost);
  printf("reverse %d %d %d\n", h[0], h[16], h[32]);  // expect: reverse 32 16 0

  short* s;
  cudaMalloc(&s, 14);
  short hs[7] = {1, 2, 3, 4, 5, 6, 7};
  cudaMemcpy(s, hs, 14, cudaMemcpyHostToDevice);
  reverse<short, 7><<<1, 7>>>(s);
  cudaMemcpy(hs, s, 14, cudaMemcpyDeviceToHost);
  printf("short %d %d\n", hs[0], hs[6]);  // expect: short 7 1

  const int n = 11;
  for (int i = 0; i < n * n; i++) h[i] = i;
  cudaMemcpy(d, h, sizeof h, cudaMemcpyHostToDevice);
  int* e;
  cudaMalloc(&e, 4096);
  transpose<<<dim3(2, 2), dim3(8, 8)>>>(d, e, n);
  cudaMemcpy(h, e, sizeof h, cudaMemcpyDeviceToHost);
  printf("transpose %d %d %d\n", h[1], h[n], h[10 * n + 9]);  // expect: transpose 11 1 109

  double hd[100], *dd;
  for (int i = 0; i < 100; i++) hd[i] = i + 0.25;
  cudaMalloc(&dd, sizeof hd);
  cudaMemcpy(dd, hd, sizeof hd, cudaMemcpyHostToDevice);
  block_sum<double><<<1, 128, 128 * sizeof(double)>>>(dd, dd, 100);
  cudaMemcpy(hd, dd, 8, cudaMemcpyDeviceToHost);
  printf("sum %.2f\n", hd[0]);  // expect: sum 4975.00

  carved<<<1, 100, 100 * (sizeof(float) + sizeof(int))>>>(d);
  cudaMemcpy(h, d, sizeof h, cudaMemcpyDeviceToHost);
  printf("carved %d %d\n", h[0], h[98]);  // expect: carved 396 4

  two_calls<<<1, 100>>>(d);
  cudaMemcpy(h, d, sizeof h, cudaMemcpyDeviceToHost);
  printf("calls %d %d\n", h[0], h[1]);  // expect: calls 100 4950

  scalars<<<1, 32>>>(d);
  cudaMemcpy(h, d, 4, cudaMemcpyDeviceToHost);
  printf("scalars %d\n", h[0]);  // expect: scalars 56789
  return cudaDeviceSynchronize() == cudaSuccess ? 0 : 1;
}
