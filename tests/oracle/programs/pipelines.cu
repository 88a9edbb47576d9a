// cp.async through the pipeline primitives, with zero fill, and split arrive/wait barriers. Values by hand: thread t reads
// what thread 63 - t copied; the last 8 bytes of each second 16-byte piece are cleared.
#include <cstdio>
#include <cuda_awbarrier_primitives.h>
#include <cuda_pipeline.h>

__global__ void staged(const int4* in, int* out) {
  __shared__ int4 stage[2][64];
  const int t = threadIdx.x;
  __pipeline_memcpy_async(&stage[0][t], &in[t], sizeof(int4));
  __pipeline_commit();
  __pipeline_memcpy_async(&stage[1][t], &in[64 + t], 16, t % 2 ? 8 : 0);
  __pipeline_commit();
  __pipeline_wait_prior(1);
  __syncthreads();
  out[t] = stage[0][63 - t].w;
  __pipeline_wait_prior(0);
  __syncthreads();
  out[64 + t] = stage[1][63 - t].z;
}

// The first warp makes what the second takes, twice, without __syncthreads.
__global__ void arrive_wait(int* out) {
  __shared__ __mbarrier_t full, empty;
  __shared__ int buffer[32];
  const int t = threadIdx.x;
  if (t == 0) {
    __mbarrier_init(&full, 64);
    __mbarrier_init(&empty, 64);
  }
  __syncthreads();
  for (int round = 0; round < 2; ++round) {
    if (t < 32) {
      if (round > 0) {
        const __mbarrier_token_t token = __mbarrier_arrive(&empty);
        while (!__mbarrier_test_wait(&empty, token)) {}
      }
      buffer[t] = 10 * round + t;
      __mbarrier_arrive(&full);
    } else {
      const __mbarrier_token_t token = __mbarrier_arrive(&full);
      while (!__mbarrier_test_wait(&full, token)) {}
      out[32 * round + t - 32] = buffer[63 - t];
      if (round == 0) __mbarrier_arrive(&empty);
    }
  }
}

int main() {
  int4* in;
  int* out;
  cudaMallocManaged(&in, 128 * sizeof(int4)), cudaMallocManaged(&out, 128 * sizeof(int));
  for (int i = 0; i < 512; ++i) reinterpret_cast<int*>(in)[i] = i;
  staged<<<1, 64>>>(in, out);
  cudaDeviceSynchronize();
  int wrong = 0;
  for (int t = 0; t < 64; ++t) {
    const int from = 63 - t;
    wrong += out[t] != 4 * from + 3;
    wrong += out[64 + t] != (from % 2 ? 0 : 256 + 4 * from + 2);
  }
  arrive_wait<<<1, 64>>>(out);
  cudaDeviceSynchronize();
  for (int t = 0; t < 64; ++t) wrong += out[t] != t / 32 * 10 + 31 - t % 32;
  puts(wrong == 0 ? "PASS" : "FAIL");
}
// expect: PASS
