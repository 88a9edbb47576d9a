// Kernels that launch kernels. By the programming guide (CUDA dynamic parallelism, version 2) a child sees all that the
// launching thread wrote before, launches and copies in one stream follow each other, a launch in cudaStreamTailLaunch
// comes after all else, and a grid is complete when its children are. Counts are worked out beside the checks.
// expect: PASS
#include <cstdio>

__global__ void note(int* log, int* count, int value) {
  if (threadIdx.x == 0) log[(*count)++] = value;
}
__global__ void add(int* sum, int value) { atomicAdd(sum, value); }

__global__ void parent(int* log, int* count, int* sum) {
  note<<<1, 32, 0, cudaStreamTailLaunch>>>(log, count, 9);
  note<<<1, 32>>>(log, count, 1);
  cudaMemcpyAsync(sum + 1, sum, sizeof(int), cudaMemcpyDeviceToDevice, 0);
  note<<<1, 32>>>(log, count, 2);
  log[(*count)++] = 0;
  add<<<2, 2048>>>(sum, 1);  // too many threads
  if (cudaGetLastError() == cudaErrorInvalidConfiguration) add<<<2, 64>>>(sum, 1);
}

// Launches itself; with a barrier, so that its threads run in turns.
template <int Threads>
__global__ void tree(int* count, int depth) {
  __shared__ int one;
  if (threadIdx.x == 0) one = 1;
  __syncthreads();
  atomicAdd(count, one);
  if (depth > 0 && threadIdx.x == 0) tree<Threads><<<2, Threads>>>(count, depth - 1);
}

__device__ void start(int* sum, cudaStream_t stream) { add<<<1, 8, 0, stream>>>(sum, 100); }
__global__ void through_function(int* sum) {
  cudaStream_t stream;
  cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
  if (threadIdx.x < 2) start(sum, stream);
  cudaStreamDestroy(stream);
}

int main() {
  int* m;
  cudaMallocManaged(&m, 64 * sizeof(int));
  cudaMemset(m, 0, 64 * sizeof(int));
  m[32] = 5;
  parent<<<1, 1>>>(m, m + 16, m + 32);
  tree<4><<<1, 4>>>(m + 48, 3);
  through_function<<<1, 4>>>(m + 49);
  bool good = cudaDeviceSynchronize() == cudaSuccess;
  good = good && m[16] == 4 && m[0] == 0 && m[1] == 1 && m[2] == 2 && m[3] == 9;
  good = good && m[32] == 5 + 2 * 64 && m[33] == 5;
  good = good && m[48] == 4 + 8 + 16 + 32;  // each grid of two blocks starts two more
  good = good && m[49] == 2 * 8 * 100;
  printf(good ? "PASS\n" : "FAIL %d %d %d %d\n", m[16], m[32], m[48], m[49]);
  return good ? 0 : 1;
}
