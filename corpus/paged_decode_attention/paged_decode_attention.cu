// Attention of one new token a sequence against a paged key/value cache.
//
//   out, query      [sequences, heads, HEAD_SIZE]                 float
//   key/value_cache [pages, kv_heads, PAGE_SIZE, HEAD_SIZE]       half
//   page_table      [sequences, max_pages]                        which page holds tokens p*PAGE_SIZE ...
//   context_lens    [sequences]
#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <float.h>

#define WARP_SIZE 32
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define DIVIDE_ROUND_UP(a, b) (((a) + (b) - 1) / (b))

namespace paged {

template <int NUM_WARPS>
__device__ inline float block_sum(float* red_smem, float sum) {
  const int warp = threadIdx.x / WARP_SIZE;
  const int lane = threadIdx.x % WARP_SIZE;
#pragma unroll
  for (int mask = WARP_SIZE / 2; mask >= 1; mask /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, mask);
  if (lane == 0) red_smem[warp] = sum;
  __syncthreads();
  sum = lane < NUM_WARPS ? red_smem[lane] : 0.f;
#pragma unroll
  for (int mask = NUM_WARPS / 2; mask >= 1; mask /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, mask);
  return __shfl_sync(0xffffffffu, sum, 0);
}

template <int HEAD_SIZE, int PAGE_SIZE, int NUM_THREADS>
__global__ void decode_kernel(float* __restrict__ out, const float* __restrict__ query, const half* __restrict__ key_cache,
                              const half* __restrict__ value_cache, const int* __restrict__ page_table,
                              const int* __restrict__ context_lens, int kv_heads, int max_pages, float scale) {
  constexpr int NUM_WARPS = NUM_THREADS / WARP_SIZE;
  const int head = blockIdx.x, heads = gridDim.x, seq = blockIdx.y;
  const int kv_head = head / (heads / kv_heads);
  const int context_len = context_lens[seq];
  const int* pages = page_table + seq * max_pages;
  const int warp = threadIdx.x / WARP_SIZE, lane = threadIdx.x % WARP_SIZE;

  extern __shared__ char shared_mem[];
  float* logits = reinterpret_cast<float*>(shared_mem);  // max_pages * PAGE_SIZE
  __shared__ float q_vec[HEAD_SIZE];
  __shared__ float red_smem[2 * NUM_WARPS];

  for (int i = threadIdx.x; i < HEAD_SIZE; i += NUM_THREADS) q_vec[i] = query[(seq * heads + head) * HEAD_SIZE + i];
  __syncthreads();

  // a warp a page, a lane a token
  float qk_max = -FLT_MAX;
  for (int page = warp; page * PAGE_SIZE < context_len; page += NUM_WARPS) {
    const size_t physical = pages[page];
    const half* keys = key_cache + (physical * kv_heads + kv_head) * PAGE_SIZE * HEAD_SIZE;
    for (int offset = lane; offset < PAGE_SIZE; offset += WARP_SIZE) {
      const int token = page * PAGE_SIZE + offset;
      if (token >= context_len) continue;
      const half2* key = reinterpret_cast<const half2*>(keys + offset * HEAD_SIZE);
      float qk = 0.f;
#pragma unroll
      for (int i = 0; i < HEAD_SIZE / 2; ++i) {
        const float2 k2 = __half22float2(key[i]);
        qk += q_vec[2 * i] * k2.x + q_vec[2 * i + 1] * k2.y;
      }
      logits[token] = qk * scale;
      qk_max = fmaxf(qk_max, qk * scale);
    }
  }
  for (int mask = WARP_SIZE / 2; mask >= 1; mask /= 2) qk_max = fmaxf(qk_max, __shfl_xor_sync(0xffffffffu, qk_max, mask));
  if (lane == 0) red_smem[warp] = qk_max;
  __syncthreads();
  qk_max = lane < NUM_WARPS ? red_smem[lane] : -FLT_MAX;
  for (int mask = NUM_WARPS / 2; mask >= 1; mask /= 2) qk_max = fmaxf(qk_max, __shfl_xor_sync(0xffffffffu, qk_max, mask));
  qk_max = __shfl_sync(0xffffffffu, qk_max, 0);

  float exp_sum = 0.f;
  for (int i = threadIdx.x; i < context_len; i += NUM_THREADS) {
    const float val = __expf(logits[i] - qk_max);
    logits[i] = val;
    exp_sum += val;
  }
  exp_sum = block_sum<NUM_WARPS>(&red_smem[NUM_WARPS], exp_sum);
  __syncthreads();

  const float inv_sum = __fdividef(1.f, exp_sum + 1e-6f);
  for (int i = threadIdx.x; i < HEAD_SIZE; i += NUM_THREADS) {
    float acc = 0.f;
    for (int token = 0; token < context_len; ++token) {
      const size_t physical = pages[token / PAGE_SIZE];
      const half v = value_cache[((physical * kv_heads + kv_head) * PAGE_SIZE + token % PAGE_SIZE) * HEAD_SIZE + i];
      acc += logits[token] * __half2float(v);
    }
    out[(seq * heads + head) * HEAD_SIZE + i] = acc * inv_sum;
  }
}

}  // namespace paged

#define LAUNCH_DECODE(HEAD_SIZE)                                                                     \
  paged::decode_kernel<HEAD_SIZE, 8, 64><<<grid, 64, shared_bytes, (cudaStream_t)stream>>>(          \
      out, query, (const half*)key_cache, (const half*)value_cache, page_table, context_lens,        \
      kv_heads, max_pages, scale);

extern "C" cudaError_t paged_decode(float* out, const float* query, const void* key_cache, const void* value_cache,
                                    const int* page_table, const int* context_lens, int sequences, int heads,
                                    int kv_heads, int head_size, int max_pages, float scale, void* stream) {
  const dim3 grid(heads, sequences);
  const int shared_bytes = MAX(max_pages, 1) * 8 * (int)sizeof(float);
  switch (head_size) {
    case 16: LAUNCH_DECODE(16); break;
    case 32: LAUNCH_DECODE(32); break;
    case 64: LAUNCH_DECODE(64); break;
    default: return cudaErrorInvalidValue;
  }
  return cudaGetLastError();
}
