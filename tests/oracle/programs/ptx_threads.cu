// Inline PTX in which threads meet or ask who they are: shuffles, votes, barriers by number, special registers.
// The number of a failed check is its line.
#include <cstdio>
#include <cstdint>

__device__ int bad;
__device__ void check(int line, unsigned long long got, unsigned long long want) {
  if (got != want) {
    printf("line %d, thread %d: got %llx, not %llx\n", line, (int)threadIdx.x, got, want);
    atomicAdd(&bad, 1);
  }
}
#define SPECIAL(name, want) { unsigned r; asm volatile("mov.u32 %0, %%" name ";" : "=r"(r)); check(__LINE__, r, want); }

__global__ void registers() {
  const unsigned lane = (threadIdx.x + blockDim.x * threadIdx.y) % 32;
  SPECIAL("laneid", lane)
  SPECIAL("tid.x", threadIdx.x)
  SPECIAL("tid.y", threadIdx.y)
  SPECIAL("ntid.x", blockDim.x)
  SPECIAL("ntid.z", 1)
  SPECIAL("ctaid.x", blockIdx.x)
  SPECIAL("ctaid.y", blockIdx.y)
  SPECIAL("nctaid.y", 2)
  SPECIAL("warpid", (threadIdx.x + blockDim.x * threadIdx.y) / 32)
  SPECIAL("lanemask_lt", (1u << lane) - 1)
  SPECIAL("lanemask_le", (2u << lane) - 1)
  SPECIAL("lanemask_eq", 1u << lane)
  SPECIAL("lanemask_ge", ~((1u << lane) - 1))
  SPECIAL("lanemask_gt", ~((2u << lane) - 1))
  SPECIAL("dynamic_smem_size", 512)
  unsigned sm, sms;
  asm("mov.u32 %0, %%smid; mov.u32 %1, %%nsmid;" : "=r"(sm), "=r"(sms));
  check(__LINE__, sm < sms, 1);
  long long a, b;
  unsigned long long c;
  asm volatile("mov.u64 %0, %%clock64;" : "=l"(a));
  asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(c));
  asm volatile("mov.u64 %0, %%clock64;" : "=l"(b));
  check(__LINE__, b >= a && c != 0, 1);
  int sum;
  asm("{ .reg .u32 t, n, b; mov.u32 t, %%tid.x; mov.u32 n, %%ntid.x; mov.u32 b, %%ctaid.x; mad.lo.u32 %0, n, b, t; }" : "=r"(sum));
  check(__LINE__, sum, blockDim.x * blockIdx.x + threadIdx.x);
}

__global__ void warp_operations() {
  const unsigned t = threadIdx.x;
  unsigned r, p;
  asm volatile("{ .reg .pred p; shfl.sync.up.b32 %0|p, %2, 3, 0x0, 0xffffffff; selp.u32 %1, 1, 0, p; }" : "=r"(r), "=r"(p) : "r"(t * 10));
  check(__LINE__, r, t < 3 ? t * 10 : (t - 3) * 10), check(__LINE__, p, t >= 3);
  asm volatile("{ .reg .pred p; shfl.sync.down.b32 %0|p, %2, 2, 0x1f, -1; selp.u32 %1, 1, 0, p; }" : "=r"(r), "=r"(p) : "r"(t));
  check(__LINE__, r, t < 30 ? t + 2 : t), check(__LINE__, p, t < 30);
  asm volatile("shfl.sync.bfly.b32 %0, %1, 1, 0x1f, -1;" : "=r"(r) : "r"(t));
  check(__LINE__, r, t ^ 1);
  asm volatile("shfl.sync.idx.b32 %0, %1, 2, 0x181f, -1;" : "=r"(r) : "r"(t));   // sub-warps of 8
  check(__LINE__, r, t / 8 * 8 + 2);
  // an inclusive scan, predicated by the shuffle itself
  int sum = 1;
  for (int step = 1; step < 32; step *= 2) {
    asm volatile("{ .reg .s32 r0; .reg .pred p; shfl.sync.up.b32 r0|p, %0, %1, 0, -1; @p add.s32 %0, %0, r0; }" : "+r"(sum) : "r"(step));
  }
  check(__LINE__, sum, t + 1);
  asm volatile("{ .reg .pred p; setp.lt.u32 p, %1, 5; vote.sync.ballot.b32 %0, p, 0xffffffff; }" : "=r"(r) : "r"(t));
  check(__LINE__, r, 31);
  asm volatile("{ .reg .pred p, q; setp.lt.u32 p, %1, 5; vote.sync.any.pred q, p, -1; selp.u32 %0, 1, 0, q; }" : "=r"(r) : "r"(t));
  check(__LINE__, r, 1);
  asm volatile("{ .reg .pred p, q; setp.lt.u32 p, %1, 5; vote.sync.all.pred q, !p, -1; selp.u32 %0, 1, 0, q; }" : "=r"(r) : "r"(t));
  check(__LINE__, r, 0);
  asm volatile("match.any.sync.b32 %0, %1, -1;" : "=r"(r) : "r"(t % 2));
  check(__LINE__, r, t % 2 ? 0xAAAAAAAA : 0x55555555);
  asm volatile("{ .reg .pred p; match.all.sync.b32 %0|p, %2, -1; selp.u32 %1, 1, 0, p; }" : "=r"(r), "=r"(p) : "r"(7));
  check(__LINE__, r, 0xFFFFFFFF), check(__LINE__, p, 1);
  asm volatile("redux.sync.add.s32 %0, %1, 0xffffffff;" : "=r"(r) : "r"(t));
  check(__LINE__, r, 496);
  asm volatile("redux.sync.max.s32 %0, %1, 0xffffffff;" : "=r"(r) : "r"(-(int)t));
  check(__LINE__, r, 0);
  asm volatile("redux.sync.xor.b32 %0, %1, 0xffffffff;" : "=r"(r) : "r"(1u << t));
  check(__LINE__, r, 0xFFFFFFFF);
  asm volatile("{ .reg .pred p; elect.sync _|p, 0xffffffff; selp.u32 %0, 1, 0, p; }" : "=r"(r));
  check(__LINE__, r, t == 0);
  asm volatile("bar.warp.sync 0xffffffff;" ::: "memory");
  if (t < 12) {
    asm volatile("activemask.b32 %0;" : "=r"(r));
    check(__LINE__, r, 0xFFF);
  }
}

// Warps 0 and 1 fill a buffer for warps 2 and 3, which say when they have read it: two barriers of all 128 threads, which
// half of them only arrive at. Then barriers of 64 threads for each half.
__global__ void by_number(int* out) {
  __shared__ int buffer[64], halves[2];
  const int t = threadIdx.x, mine = t % 64;
  if (t < 2) halves[t] = 0;
  __syncthreads();
  for (int round = 0; round < 4; ++round) {
    if (t < 64) {
      if (round > 0) asm volatile("bar.sync 2, 128;" ::: "memory");
      buffer[mine] = round * 100 + mine;
      asm volatile("bar.arrive %0, %1;" ::"r"(1), "r"(128) : "memory");
    } else {
      asm volatile("barrier.sync.aligned 1, 128;" ::: "memory");
      check(__LINE__, buffer[63 - mine], round * 100 + 63 - mine);
      if (round < 3) asm volatile("bar.arrive 2, 128;" ::: "memory");
    }
  }
  atomicAdd(&halves[t / 64], 1);
  asm volatile("bar.sync %0, 64;" ::"r"(3 + t / 64) : "memory");
  check(__LINE__, halves[t / 64], 64);
  unsigned r;
  asm volatile("{ .reg .pred p; setp.lt.u32 p, %1, 100; barrier.cta.red.popc.aligned.u32 %0, 0, p; }" : "=r"(r) : "r"(t));
  check(__LINE__, r, 100);
  asm volatile("{ .reg .pred p, q; setp.lt.u32 p, %1, 100; bar.red.and.pred q, 0, p; selp.u32 %0, 1, 0, q; }" : "=r"(r) : "r"(t));
  check(__LINE__, r, 0);
  asm volatile("{ .reg .pred p, q; setp.lt.u32 p, %1, 100; bar.red.or.pred q, 0, p; selp.u32 %0, 1, 0, q; }" : "=r"(r) : "r"(t));
  check(__LINE__, r, 1);
  out[t] = r;
}

// A lock taken with PTX alone, and a flag that another block raises.
__device__ unsigned lock_, total, others;
__device__ void acquire() {
  asm volatile("{\n\t.reg .pred p;\n\t.reg .b32 r;\n\tWAIT:\n\tatom.global.acquire.gpu.cas.b32 r, [%0], 0, 1;\n\tsetp.ne.u32 p, r, 0;\n\t@p bra WAIT;\n\t}" ::"l"(&lock_) : "memory");
}
__global__ void locks() {
  acquire();
  total += 1;
  asm volatile("st.release.gpu.global.u32 [%0], 0;" ::"l"(&lock_) : "memory");
  if (threadIdx.x == 31) asm volatile("exit;");
  atomicAdd(&others, 1000);
}

int main() {
  registers<<<dim3(3, 2), dim3(20, 3), 512>>>();
  warp_operations<<<1, 32>>>();
  int* out;
  cudaMalloc(&out, 512);
  by_number<<<2, 128>>>(out);
  locks<<<4, 32>>>();
  unsigned sum = 0, more = 0;
  cudaMemcpyFromSymbol(&sum, total, sizeof sum);
  cudaMemcpyFromSymbol(&more, others, sizeof more);
  int n = -1;
  cudaMemcpyFromSymbol(&n, bad, sizeof n);
  puts(n == 0 && sum == 128 && more == 124 * 1000 && cudaDeviceSynchronize() == cudaSuccess ? "PASS" : "FAIL");
}
// expect: PASS
