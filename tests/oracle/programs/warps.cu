// Warp operations: the four shuffles with widths and masks, votes, match, reduce, the old forms, partial warps.
#include <cstdio>
#include <cuda_runtime.h>

#define FULL 0xffffffffu

__global__ void shuffles(int* o) {
  const int t = threadIdx.x;
  o[t] = __shfl_sync(FULL, t * 10, 5);
  o[32 + t] = __shfl_up_sync(FULL, t, 3);
  o[64 + t] = __shfl_down_sync(FULL, t, 30);
  o[96 + t] = __shfl_xor_sync(FULL, t, 5);
  o[128 + t] = __shfl_sync(FULL, t, 9, 8);     // 9 % 8 in each group of 8
  o[160 + t] = __shfl_up_sync(FULL, t, 2, 4);
  o[192 + t] = __shfl_down_sync(FULL, t, 2, 4);
  o[224 + t] = __shfl_xor_sync(FULL, t, 6, 4);  // from an earlier group; a later one gives the own value
  o[256 + t] = __shfl_sync(FULL, t, -1);
}

__global__ void wide(double* d, long long* l, float4* f, const double* in) {
  const int t = threadIdx.x;
  d[t] = __shfl_down_sync(FULL, in[t], 1);
  l[t] = __shfl_xor_sync(FULL, (long long)t << 40, 1);
  (void)f;
}

__global__ void halves(int* o) {
  const int t = threadIdx.x;
  if (t < 16) {
    o[t] = __shfl_down_sync(0x0000ffffu, t, 1);
  } else {
    const int v = __shfl_up_sync(0xffff0000u, t, 1);
    o[t] = __shfl_sync(0xffff0000u, v, 31);
  }
}

__global__ void votes(unsigned* o) {
  const int t = threadIdx.x;
  const unsigned b = __ballot_sync(FULL, t % 4 == 1);
  const int any = __any_sync(FULL, t == 31), all = __all_sync(FULL, t < 32), not_all = __all_sync(FULL, t != 7);
  unsigned active = 0;
  if (t % 2 == 0) active = __activemask();
  const unsigned same = __match_any_sync(FULL, t / 10);
  int pred = 2;
  const unsigned everyone = __match_all_sync(FULL, 7, &pred);
  int none = 2;
  const unsigned nobody = __match_all_sync(FULL, t, &none);
  if (t == 12) o[0] = b, o[1] = any, o[2] = all, o[3] = not_all, o[4] = active, o[5] = same, o[6] = everyone, o[7] = pred, o[8] = nobody, o[9] = none;
}

__global__ void reductions(int* o) {
  const int t = threadIdx.x;
  const int sum = __reduce_add_sync(FULL, t - 20), low = __reduce_min_sync(FULL, t - 20), high = __reduce_max_sync(FULL, t - 20);
  const unsigned x = __reduce_xor_sync(FULL, 1u << t), a = __reduce_and_sync(FULL, 0xF0u | t), r = __reduce_or_sync(FULL, 1u << (t / 8));
  if (t == 3) o[0] = sum, o[1] = low, o[2] = high, o[3] = (int)x, o[4] = (int)a, o[5] = (int)r;
}

__global__ void block_sum(const int* in, int* out, int n) {
  __shared__ int warp_sums[32];
  const int t = threadIdx.x, lane = t & 31, warp = t >> 5;
  int v = t < n ? in[t] : 0;
  for (int d = 16; d > 0; d >>= 1) v += __shfl_down_sync(FULL, v, d);
  if (lane == 0) warp_sums[warp] = v;
  __syncthreads();
  if (warp == 0) {
    v = lane < (blockDim.x + 31) / 32 ? warp_sums[lane] : 0;
    for (int d = 16; d > 0; d >>= 1) v += __shfl_xor_sync(FULL, v, d);
    if (lane == 0) *out = v;
  }
}

__global__ void partial_warp(int* o) {  // 20 threads: the mask names lanes that do not exist
  int v = threadIdx.x;
  for (int d = 16; d > 0; d >>= 1) {
    const int w = __shfl_down_sync(FULL, v, d);
    if ((int)threadIdx.x + d < 20) v += w;
  }
  if (threadIdx.x == 0) *o = v;
}

__global__ void leaders(int* o, const int* keys) {  // one atomic for each group of lanes with equal keys
  const int t = threadIdx.x;
  const unsigned peers = __match_any_sync(__activemask(), keys[t]);
  if (__ffs(peers) - 1 == t % 32) atomicAdd(&o[keys[t]], __popc(peers));
  __syncwarp();
}

int main() {
  int *d, h[512];
  cudaMalloc(&d, sizeof h);
  shuffles<<<1, 32>>>(d);
  cudaMemcpy(h, d, sizeof h, cudaMemcpyDeviceToHost);
  printf("shfl %d up %d %d down %d %d xor %d\n", h[0], h[32 + 2], h[32 + 10], h[64 + 1], h[64 + 2], h[96 + 6]);
  // expect: shfl 50 up 2 7 down 31 2 xor 3
  printf("width %d %d up %d %d down %d %d xor %d %d neg %d\n", h[128 + 3], h[128 + 20], h[160 + 5], h[160 + 7], h[192 + 5],
         h[192 + 6], h[224 + 5], h[224 + 2], h[256]);
  // expect: width 1 17 up 5 5 down 7 6 xor 3 2 neg 31

  double* dd;
  long long* l;
  cudaMallocManaged(&dd, 64 * 8);
  cudaMallocManaged(&l, 32 * 8);
  for (int i = 0; i < 32; i++) dd[32 + i] = i + 0.125;
  wide<<<1, 32>>>(dd, l, nullptr, dd + 32);
  cudaDeviceSynchronize();
  printf("wide %.3f %.3f %lld\n", dd[4], dd[31], l[2] >> 40);  // expect: wide 5.125 31.125 3

  halves<<<1, 32>>>(d);
  cudaMemcpy(h, d, sizeof h, cudaMemcpyDeviceToHost);
  printf("halves %d %d %d %d\n", h[0], h[15], h[16], h[31]);  // expect: halves 1 15 30 30

  votes<<<1, 32>>>((unsigned*)d);
  cudaMemcpy(h, d, sizeof h, cudaMemcpyDeviceToHost);
  printf("votes %x %d %d %d %x %x %x %d %x %d\n", h[0], h[1] != 0, h[2] != 0, h[3], h[4], h[5], h[6], h[7], h[8], h[9]);
  // expect: votes 22222222 1 1 0 55555555 ffc00 ffffffff 1 0 0

  reductions<<<1, 32>>>(d);
  cudaMemcpy(h, d, sizeof h, cudaMemcpyDeviceToHost);
  printf("reduce %d %d %d %x %x %x\n", h[0], h[1], h[2], h[3], h[4], h[5]);  // expect: reduce -144 -20 11 ffffffff f0 f

  for (int i = 0; i < 256; i++) h[i] = i;
  cudaMemcpy(d, h, sizeof h, cudaMemcpyHostToDevice);
  for (int n : {32, 100, 250}) {
    block_sum<<<1, 256>>>(d, d + 300, n);
    cudaMemcpy(h, d + 300, 4, cudaMemcpyDeviceToHost);
    printf("sum %d\n", h[0]);
  }
  // expect: sum 496
  // expect: sum 4950
  // expect: sum 31125
  partial_warp<<<1, 20>>>(d);
  cudaMemcpy(h, d, 4, cudaMemcpyDeviceToHost);
  printf("partial %d\n", h[0]);  // expect: partial 190

  for (int i = 0; i < 100; i++) h[i] = i * i % 5;
  cudaMemset(d, 0, 20);
  cudaMemcpy(d + 8, h, 400, cudaMemcpyHostToDevice);
  leaders<<<1, 100>>>(d, d + 8);
  cudaMemcpy(h, d, 20, cudaMemcpyDeviceToHost);
  printf("leaders %d %d %d\n", h[0], h[1], h[4]);  // expect: leaders 20 40 40
  return 0;
}
