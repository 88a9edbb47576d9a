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

// Loops that do more than look wait as well. Sums of a tree whose node k has the children 2k + 1 and 2k + 2: a thread does
// one in many from the last to the first, and the children of most are other threads' and other blocks'.
__global__ void tree(volatile int* sum, int n) {
  int k = n - 1 - (blockIdx.x * blockDim.x + threadIdx.x), left = 2;
  while (k >= 0) {
    if (left == 2 || sum[k] == 0) {
      left = 0;
      for (int c = 2 * k + 1; c <= 2 * k + 2; c++) left += c < n && sum[c] == 0;
      __threadfence();
      if (left == 0) sum[k] = 1 + (2 * k + 1 < n ? sum[2 * k + 1] : 0) + (2 * k + 2 < n ? sum[2 * k + 2] : 0);
    }
    if (left == 0) k -= gridDim.x * blockDim.x, left = 2;
  }
}

// Work that the block before hands on, with a barrier in the loop: the first block has the last part.
__global__ void downwards(volatile int* start, int n) {
  const int step = gridDim.x * blockDim.x;
  int k = n - step + blockIdx.x * blockDim.x + threadIdx.x;
  while (true) {
    const int at = k >= 0 ? start[k] : 0;
    if (at > 0) {
      __threadfence();
      if (k > 0) start[k - 1] = at + 1;
      k -= step;
    }
    if (__syncthreads_and(k < 0)) break;
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
  for (int i = 0; i < 1023; i++) x[i] = 0;
  tree<<<4, 128>>>(x, 1023);
  cudaDeviceSynchronize();
  printf("%d %d %d\n", x[1022], x[511 / 2], x[0]);  // expect: 1 3 1023
  for (int i = 0; i < 512; i++) x[i] = i == 511;
  downwards<<<8, 32>>>(x, 512);
  cudaDeviceSynchronize();
  printf("%d %d\n", x[256], x[0]);  // expect: 256 512
  return 0;
}
