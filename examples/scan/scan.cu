// Exclusive prefix sum of unsigned integers: work-efficient up- and down-sweep in each block, then the block totals
// are scanned in turn and added back.
#include <stdio.h>
#include <stdlib.h>
#include <vector>
#include <cuda_runtime.h>

#ifndef COUNT
#define COUNT 20011
#endif

#define THREADS   64
#define ELEMENTS  (2 * THREADS)       // per block
#define LOG_BANKS 5
#define PAD(i)    ((i) + ((i) >> LOG_BANKS))

typedef unsigned int uint;

// `totals` may be null: then the block totals are not wanted.
__global__ void scan_blocks(const uint *in, uint *out, uint *totals, int n)
{
  __shared__ uint temp[PAD(ELEMENTS)];

  const int t = threadIdx.x;
  const int lo = blockIdx.x * ELEMENTS + t;
  const int hi = lo + THREADS;

  temp[PAD(t)] = lo < n ? in[lo] : 0;
  temp[PAD(t + THREADS)] = hi < n ? in[hi] : 0;

  int offset = 1;
  for (int d = ELEMENTS >> 1; d > 0; d >>= 1) {       // up-sweep
    __syncthreads();
    if (t < d) {
      int a = offset * (2 * t + 1) - 1;
      int b = offset * (2 * t + 2) - 1;
      temp[PAD(b)] += temp[PAD(a)];
    }
    offset <<= 1;
  }

  if (t == 0) {
    if (totals != NULL)
      totals[blockIdx.x] = temp[PAD(ELEMENTS - 1)];
    temp[PAD(ELEMENTS - 1)] = 0;
  }

  for (int d = 1; d < ELEMENTS; d <<= 1) {            // down-sweep
    offset >>= 1;
    __syncthreads();
    if (t < d) {
      int a = offset * (2 * t + 1) - 1;
      int b = offset * (2 * t + 2) - 1;
      uint left = temp[PAD(a)];
      temp[PAD(a)] = temp[PAD(b)];
      temp[PAD(b)] += left;
    }
  }
  __syncthreads();

  if (lo < n) out[lo] = temp[PAD(t)];
  if (hi < n) out[hi] = temp[PAD(t + THREADS)];
}

__global__ void add_offsets(uint *data, const uint *offsets, int n)
{
  const uint base = offsets[blockIdx.x];
  int i = blockIdx.x * ELEMENTS + threadIdx.x;
  if (i < n) data[i] += base;
  i += THREADS;
  if (i < n) data[i] += base;
}

static void must(cudaError_t e)
{
  if (e == cudaSuccess) return;
  fprintf(stderr, "CUDA: %s\n", cudaGetErrorString(e));
  exit(2);
}

static void exclusive_scan(const uint *d_in, uint *d_out, int n)
{
  const int blocks = (n + ELEMENTS - 1) / ELEMENTS;
  if (blocks <= 1) {
    scan_blocks<<<1, THREADS>>>(d_in, d_out, NULL, n);
    must(cudaGetLastError());
    return;
  }
  uint *totals, *bases;
  must(cudaMalloc(&totals, blocks * sizeof(uint)));
  must(cudaMalloc(&bases, blocks * sizeof(uint)));
  scan_blocks<<<blocks, THREADS>>>(d_in, d_out, totals, n);
  exclusive_scan(totals, bases, blocks);
  add_offsets<<<blocks, THREADS>>>(d_out, bases, n);
  must(cudaDeviceSynchronize());
  must(cudaFree(totals));
  must(cudaFree(bases));
}

int main(int argc, char **argv)
{
  const int n = argc > 1 ? atoi(argv[1]) : COUNT;
  std::vector<uint> host(n), got(n);
  for (int i = 0; i < n; i++)
    host[i] = (uint)(i * 2654435761u) >> 20;

  uint *d_in, *d_out;
  must(cudaMalloc(&d_in, n * sizeof(uint)));
  must(cudaMalloc(&d_out, n * sizeof(uint)));
  must(cudaMemcpy(d_in, &host[0], n * sizeof(uint), cudaMemcpyHostToDevice));
  exclusive_scan(d_in, d_out, n);
  must(cudaMemcpy(&got[0], d_out, n * sizeof(uint), cudaMemcpyDeviceToHost));
  must(cudaFree(d_in));
  must(cudaFree(d_out));

  // From the back: what is left of the grand total must be the prefix before each element.
  uint rest = 0;
  for (int i = 0; i < n; i++) rest += host[i];
  int wrong = 0;
  for (int i = n - 1; i >= 0; i--) {
    rest -= host[i];
    if (got[i] != rest) {
      if (wrong++ < 5) printf("out[%d] = %u, expected %u\n", i, got[i], rest);
    }
  }
  printf("%d elements, %d wrong\n", n, wrong);
  printf(wrong == 0 ? "PASS\n" : "FAIL\n");
  return wrong == 0 ? 0 : 1;
}
