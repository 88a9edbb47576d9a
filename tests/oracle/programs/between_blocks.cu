// Threads that wait for one another by looking at memory: within a block, from block to block, all blocks at a barrier of
// the program's own, locks. On a GPU the blocks of these small grids are resident together.
#include <cstdio>

__device__ int arrivals;

__global__ void within(int* o) {
  __shared__ volatile int ready;
  if (threadIdx.x == 0) ready = 0;
  __syncthreads();
  if (threadIdx.x == 63) {
    o[0] = 5;
    __threadfence_block();
    ready = 1;
  }
  while (ready == 0)
    ;
  __threadfence_block();
  o[threadIdx.x + 1] = o[0];
}

// Each block adds its number to what the block before found.
__global__ void chain(volatile int* status, int* sums) {
  if (threadIdx.x != 0) return;
  int before = 0;
  if (blockIdx.x > 0) {
    do {
      before = status[blockIdx.x - 1];
    } while (before == 0);
  }
  status[blockIdx.x] = sums[blockIdx.x] = before + blockIdx.x + 1;
}

__device__ void all_blocks(int goal) {
  __syncthreads();
  if (threadIdx.x == 0) {
    __threadfence();
    atomicAdd(&arrivals, 1);
    while (atomicAdd(&arrivals, 0) < goal) {
    }
    __threadfence();
  }
  __syncthreads();
}
__global__ void rotate(int* x, int n, int steps) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  for (int s = 0; s < steps; s++) {
    const int next = x[(i + 1) % n];
    all_blocks((2 * s + 1) * gridDim.x);
    x[i] = next;
    all_blocks((2 * s + 2) * gridDim.x);
  }
}

__global__ void locked(int* mutex, int* count) {
  if (threadIdx.x == 0) {
    while (atomicCAS(mutex, 0, 1) != 0)
      ;
    __threadfence();
    ++*count;
    __threadfence();
    atomicExch(mutex, 0);
  }
}

int main() {
  int *o, *status, *sums, *x;
  cudaMallocManaged(&o, 512), cudaMallocManaged(&status, 1024), cudaMallocManaged(&sums, 1024), cudaMallocManaged(&x, 8192);
  for (int i = 0; i < 128; i++) o[i] = 0;
  for (int i = 0; i < 256; i++) status[i] = 0;
  within<<<1, 64>>>(o);
  cudaDeviceSynchronize();
  printf("%d %d\n", o[1], o[64]);  // expect: 5 5
  chain<<<200, 32>>>(status, sums);
  cudaDeviceSynchronize();
  printf("%d %d\n", sums[0], sums[199]);  // expect: 1 20100
  for (int i = 0; i < 2048; i++) x[i] = i;
  rotate<<<16, 128>>>(x, 2048, 20);
  printf("%s\n", cudaGetErrorName(cudaDeviceSynchronize()));  // expect: cudaSuccess
  int good = 0;
  for (int i = 0; i < 2048; i++) good += x[i] == (i + 20) % 2048;
  printf("%d\n", good);  // expect: 2048
  o[0] = o[1] = 0;
  locked<<<100, 32>>>(o, o + 1);
  cudaDeviceSynchronize();
  printf("%d %d\n", o[0], o[1]);  // expect: 0 100
  return 0;
}
