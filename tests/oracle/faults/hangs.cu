// Kernels that do not end; the argument says which. A comment `fault: KERNEL KIND` marks the line that is to be named.
#include <cstdio>
#include <cstdlib>
#include <cuda_runtime.h>

__global__ void waits_for_nobody(volatile int* flag) {  // block 0 waits for a block that there is not
  if (blockIdx.x == 0) {
    while (flag[gridDim.x] == 0) {}  // fault: waits_for_nobody deadlock
  }
  flag[blockIdx.x] = 1;
}
__global__ void counts_forever(int* x) {
  for (unsigned i = 10; i >= 0; --i) x[i % 8] = i;  // fault: counts_forever deadlock
}
__global__ void never_unlocked(int* lock) {
  while (atomicCAS(lock, 0, 1) != 0) {}  // fault: never_unlocked deadlock
}

int main(int argc, char** argv) {
  int* a;
  cudaMalloc(&a, 256), cudaMemset(a, 0, 256);
  switch (argc > 1 ? atoi(argv[1]) : 0) {
    case 0: waits_for_nobody<<<2, 1>>>(a); break;
    case 1: counts_forever<<<1, 1>>>(a); break;
    case 2: never_unlocked<<<1, 2>>>(a); break;
  }
  printf("%s\n", cudaGetErrorString(cudaDeviceSynchronize()));
  return 0;
}
