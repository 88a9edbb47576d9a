// mbarrier in PTX: phases by parity and by state, bytes that bulk copies bring, threads that leave. Values by hand.
// The number of a failed check is its line.
#include <cstdint>
#include <cstdio>

__device__ int bad;
__device__ void check(int line, int got, int want) {
  if (got != want) {
    printf("line %d, thread %d: got %d, not %d\n", line, (int)threadIdx.x, got, want);
    atomicAdd(&bad, 1);
  }
}
__device__ __forceinline__ uint32_t smem(const void* p) { return static_cast<uint32_t>(__cvta_generic_to_shared(p)); }
__device__ __forceinline__ void init(uint64_t* b, uint32_t count) { asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(smem(b)), "r"(count) : "memory"); }
__device__ __forceinline__ void arrive(uint64_t* b) { asm volatile("mbarrier.arrive.release.cta.shared::cta.b64 _, [%0];" ::"r"(smem(b)) : "memory"); }
__device__ __forceinline__ void expect(uint64_t* b, uint32_t bytes) { asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(smem(b)), "r"(bytes) : "memory"); }
__device__ __forceinline__ bool try_wait(uint64_t* b, uint32_t parity) {
  uint32_t ok;
  asm volatile("{\n .reg .pred p;\n mbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2;\n selp.u32 %0, 1, 0, p;\n}" : "=r"(ok) : "r"(smem(b)), "r"(parity) : "memory");
  return ok != 0;
}
__device__ __forceinline__ void wait(uint64_t* b, uint32_t parity) {
  asm volatile(
      "{\n.reg .pred P1;\nLAB_WAIT:\nmbarrier.try_wait.parity.shared::cta.b64 P1, [%0], %1;\n@P1 bra.uni DONE;\nbra.uni LAB_WAIT;\nDONE:\n}\n" ::"r"(smem(b)),
      "r"(parity)
      : "memory");
}

// One thread of warp 0 brings tiles with bulk copies into a ring of two; the others use and give them back.
__global__ void ring(const int* in, int* out, int tiles) {
  __shared__ alignas(128) int buffer[2][32];
  __shared__ alignas(8) uint64_t full[2], empty[2];
  const int t = threadIdx.x;
  if (t == 0) {
    for (int s = 0; s < 2; ++s) init(&full[s], 1), init(&empty[s], 32);
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
  }
  __syncthreads();
  if (t < 32) {
    if (t == 0) {
      for (int i = 0; i < tiles; ++i) {
        const int s = i % 2;
        if (i >= 2) wait(&empty[s], (i / 2 - 1) & 1);
        expect(&full[s], 128);
        asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" ::"r"(smem(buffer[s])), "l"(in + 32 * i), "r"(128), "r"(smem(&full[s])) : "memory");
      }
    }
  } else {
    int sum = 0;
    for (int i = 0; i < tiles; ++i) {
      const int s = i % 2;
      while (!try_wait(&full[s], (i / 2) & 1)) {}
      sum += buffer[s][63 - t];
      arrive(&empty[s]);
    }
    out[t - 32] = sum;
  }
}

__global__ void states(int* out) {
  __shared__ alignas(8) uint64_t b;
  const int t = threadIdx.x;
  if (t == 0) init(&b, 64);
  __syncthreads();
  uint64_t state;
  if (t % 2 == 0) asm volatile("mbarrier.arrive.shared.b64 %0, [%1];" : "=l"(state) : "r"(smem(&b)) : "memory");
  else asm volatile("mbarrier.arrive_drop.shared.b64 %0, [%1];" : "=l"(state) : "r"(smem(&b)) : "memory");
  uint32_t ok = 0;
  while (!ok) {
    asm volatile("{ .reg .pred p; mbarrier.test_wait.shared.b64 p, [%1], %2; selp.b32 %0, 1, 0, p; }" : "=r"(ok) : "r"(smem(&b)), "l"(state) : "memory");
  }
  __syncthreads();
  if (t % 2 == 0) {  // half of them have left
    asm volatile("mbarrier.arrive.shared.b64 %0, [%1];" : "=l"(state) : "r"(smem(&b)) : "memory");
    wait(&b, 1);
  }
  __syncthreads();
  if (t == 0) {
    unsigned pending;
    asm volatile("mbarrier.arrive.shared.b64 %0, [%1], 2;" : "=l"(state) : "r"(smem(&b)) : "memory");
    asm volatile("mbarrier.arrive.shared.b64 %0, [%1];" : "=l"(state) : "r"(smem(&b)) : "memory");
    asm volatile("mbarrier.pending_count.b64 %0, %1;" : "=r"(pending) : "l"(state));
    check(__LINE__, pending, 30);
    asm volatile("mbarrier.inval.shared.b64 [%0];" ::"r"(smem(&b)) : "memory");
  }
  out[t] = t;
}

// Shared to global memory, in groups.
__global__ void back(int* out) {
  __shared__ alignas(128) int tile[32];
  tile[threadIdx.x] = 7 * threadIdx.x;
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
  __syncthreads();
  if (threadIdx.x == 0) {
    asm volatile("cp.async.bulk.global.shared::cta.bulk_group [%0], [%1], %2;" ::"l"(out), "r"(smem(tile)), "r"(128) : "memory");
    asm volatile("cp.async.bulk.commit_group;");
    asm volatile("cp.async.bulk.wait_group.read 0;" ::: "memory");
  }
}

int main() {
  int *in, *out;
  cudaMallocManaged(&in, 5 * 32 * sizeof(int)), cudaMallocManaged(&out, 64 * sizeof(int));
  for (int i = 0; i < 160; ++i) in[i] = i;
  ring<<<1, 64>>>(in, out, 5);
  cudaDeviceSynchronize();
  int wrong = 0;
  for (int t = 0; t < 32; ++t) wrong += out[t] != 5 * (31 - t) + 32 * 10;
  states<<<1, 64>>>(out);
  cudaDeviceSynchronize();
  for (int t = 0; t < 64; ++t) wrong += out[t] != t;
  back<<<1, 32>>>(out);
  cudaDeviceSynchronize();
  for (int t = 0; t < 32; ++t) wrong += out[t] != 7 * t;
  int n = -1;
  cudaMemcpyFromSymbol(&n, bad, sizeof n);
  puts(n + wrong == 0 ? "PASS" : "FAIL");
}
// expect: PASS
