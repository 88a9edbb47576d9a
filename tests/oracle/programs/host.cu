// The host API: errors, streams, events, pitched and 3-D copies, launches by pointer, attributes, properties.
#include <cstdio>
#include <cstdlib>
#include <vector>
#include <cuda_runtime.h>

#define CHECK(call)                                                                      \
  do {                                                                                   \
    cudaError_t e_ = (call);                                                             \
    if (e_ != cudaSuccess) {                                                             \
      fprintf(stderr, "%s:%d %s\n", __FILE__, __LINE__, cudaGetErrorString(e_));         \
      exit(EXIT_FAILURE);                                                                \
    }                                                                                    \
  } while (0)

__global__ void add(int* x, int v, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) x[i] += v;
}
__global__ void twice(int* x, int, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) x[i] *= 2;
}
template <int N> __global__ void big(int* x) {
  extern __shared__ int s[];
  s[N - 1] = 5;
  x[0] = s[N - 1];
}
__global__ void rows(float* p, size_t pitch, int w, int h) {
  const int x = threadIdx.x, y = blockIdx.x;
  if (x < w && y < h) ((float*)((char*)p + y * pitch))[x] = y * 100 + x;
}
__global__ void empty() {}

template <typename K, typename... A>
void run(K kernel, int n, A... args) {
  kernel<<<(n + 63) / 64, 64>>>(args...);
  CHECK(cudaGetLastError());
}

typedef void (*Kernel)(int*, int, int);

int main() {
  int count, device = -1;
  CHECK(cudaGetDeviceCount(&count));
  CHECK(cudaSetDevice(0));
  CHECK(cudaGetDevice(&device));
  cudaDeviceProp prop;
  CHECK(cudaGetDeviceProperties(&prop, 0));
  int warp;
  CHECK(cudaDeviceGetAttribute(&warp, cudaDevAttrWarpSize, 0));
  printf("device %d %d warp %d %d threads %d %d\n", count, device, prop.warpSize, warp, prop.maxThreadsPerBlock, prop.major >= 7);
  // expect: device 1 0 warp 32 32 threads 1024 1

  int* d;
  CHECK(cudaMalloc(&d, 400));
  CHECK(cudaMemset(d, 0, 400));
  std::vector<int> h(100);
  add<<<1, 2048>>>(d, 1, 100);
  const cudaError_t peeked = cudaPeekAtLastError(), got = cudaGetLastError(), cleared = cudaGetLastError();
  printf("block %d %s %d %d\n", peeked == got, cudaGetErrorName(got), (int)got, cleared == cudaSuccess);
  // expect: block 1 cudaErrorInvalidConfiguration 9 1
  add<<<0, 64>>>(d, 1, 100);
  printf("grid %s\n", cudaGetErrorString(cudaGetLastError()));  // expect: grid invalid configuration argument
  big<20000><<<1, 1, 80000>>>(d);
  printf("shared %s\n", cudaGetErrorName(cudaGetLastError()));  // expect: shared cudaErrorInvalidValue
  CHECK(cudaFuncSetAttribute(big<20000>, cudaFuncAttributeMaxDynamicSharedMemorySize, 80000));
  big<20000><<<1, 1, 80000>>>(d);
  CHECK(cudaGetLastError());
  CHECK(cudaMemcpy(h.data(), d, 4, cudaMemcpyDeviceToHost));
  printf("opted in %d\n", h[0]);  // expect: opted in 5
  printf("copy %s\n", cudaGetErrorName(cudaMemcpy(h.data(), d, 800, cudaMemcpyDeviceToHost)));  // expect: copy cudaErrorInvalidValue
  printf("free %s\n", cudaGetErrorName(cudaFree(d + 1)));  // expect: free cudaErrorInvalidValue
  cudaGetLastError();

  CHECK(cudaMemset(d, 0, 400));
  run(add, 100, d, 3, 100);
  run(&twice, 100, d, 0, 100);
  const Kernel table[] = {add, twice};
  for (int i = 0; i < 3; i++) table[i % 2]<<<2, 64>>>(d, 1, 100);
  void (*chosen)(int*, int, int) = h[0] == 5 ? add : twice;
  chosen<<<2, 64>>>(d, 1000, 100);
  int v = 7, n = 100;
  void* args[] = {&d, &v, &n};
  CHECK(cudaLaunchKernel((const void*)add, dim3(2), dim3(64), args, 0, 0));
  CHECK(cudaLaunchKernel((void*)&twice, 2, 64, args));
  CHECK(cudaMemcpy(h.data(), d, 400, cudaMemcpyDeviceToHost));
  printf("pointers %d %d\n", h[0], h[99]);  // expect: pointers 2044 2044

  cudaStream_t s[2];
  cudaEvent_t begin, end;
  for (auto& stream : s) CHECK(cudaStreamCreate(&stream));
  CHECK(cudaEventCreate(&begin));
  CHECK(cudaEventCreate(&end));
  int* pinned;
  CHECK(cudaMallocHost((void**)&pinned, 400));
  for (int i = 0; i < 100; i++) pinned[i] = i;
  CHECK(cudaEventRecord(begin, s[0]));
  CHECK(cudaMemcpyAsync(d, pinned, 400, cudaMemcpyHostToDevice, s[0]));
  add<<<2, 64, 0, s[0]>>>(d, 1, 100);
  CHECK(cudaMemcpyAsync(pinned, d, 400, cudaMemcpyDeviceToHost, s[0]));
  CHECK(cudaEventRecord(end, s[0]));
  CHECK(cudaStreamWaitEvent(s[1], end, 0));
  CHECK(cudaStreamSynchronize(s[0]));
  CHECK(cudaEventSynchronize(end));
  float ms = -1;
  CHECK(cudaEventElapsedTime(&ms, begin, end));
  printf("stream %d %d %d\n", pinned[99], ms > 0 && ms < 1e4f, cudaStreamQuery(s[1]) == cudaSuccess);  // expect: stream 100 1 1
  for (auto& stream : s) CHECK(cudaStreamDestroy(stream));
  CHECK(cudaEventDestroy(begin));
  CHECK(cudaEventDestroy(end));
  CHECK(cudaFreeHost(pinned));

  float* p;
  size_t pitch;
  CHECK(cudaMallocPitch(&p, &pitch, 5 * sizeof(float), 3));
  rows<<<3, 32>>>(p, pitch, 5, 3);
  float back[3][5];
  CHECK(cudaMemcpy2D(back, 5 * sizeof(float), p, pitch, 5 * sizeof(float), 3, cudaMemcpyDeviceToHost));
  printf("pitch %d %.0f %.0f\n", pitch >= 20 && pitch % 32 == 0, back[1][4], back[2][0]);  // expect: pitch 1 104 200

  int blocks, grid, block;
  CHECK(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, add, 256, 0));
  CHECK(cudaOccupancyMaxPotentialBlockSize(&grid, &block, add, 0, 0));
  size_t free_bytes, total;
  CHECK(cudaMemGetInfo(&free_bytes, &total));
  printf("occupancy %d %d memory %d\n", blocks > 0, grid > 0 && block % 32 == 0, free_bytes < total);  // expect: occupancy 1 1 memory 1
  void* huge;
  printf("huge %s\n", cudaGetErrorName(cudaMalloc(&huge, (size_t)1 << 46)));  // expect: huge cudaErrorMemoryAllocation
  cudaGetLastError();
  empty<<<1, 1>>>();
  CHECK(cudaDeviceSynchronize());
  CHECK(cudaFree(d));
  CHECK(cudaFree(0));
  CHECK(cudaDeviceReset());
  puts("done");  // expect: done
  return 0;
}
