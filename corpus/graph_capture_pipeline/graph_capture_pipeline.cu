// A small pre-processing pipeline, captured once as a CUDA graph and replayed for every frame:
//   frame -> range (min, max) -> normalise to [0, 1] -> moving average over frames
//         \-> row sums (in a second stream) ----------/
#include <cuda_runtime.h>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <vector>

#define RT(call)                                                                          \
  do {                                                                                    \
    cudaError_t rc = (call);                                                              \
    if (rc != cudaSuccess) {                                                              \
      fprintf(stderr, "%s failed with %s (line %d)\n", #call, cudaGetErrorName(rc), __LINE__); \
      exit(3);                                                                            \
    }                                                                                     \
  } while (0)

#ifndef ROWS
#define ROWS 31
#endif
#ifndef COLS
#define COLS 77
#endif
constexpr int kRows = ROWS, kCols = COLS, kPixels = kRows * kCols, kFrames = 5;

// keys that order like the floats
__device__ __forceinline__ int key_of(float f) {
  const int i = __float_as_int(f);
  return i >= 0 ? i : i ^ 0x7fffffff;
}
__device__ __forceinline__ float of_key(int k) { return __int_as_float(k >= 0 ? k : k ^ 0x7fffffff); }

__global__ void start_range(int *range) {
  if (threadIdx.x == 0) range[0] = 0x7fffffff;
  if (threadIdx.x == 1) range[1] = -0x7fffffff - 1;
}

__global__ void find_range(const float *frame, int n, int *range) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  int lo = 0x7fffffff, hi = -0x7fffffff - 1;
  if (i < n) lo = hi = key_of(frame[i]);
  lo = __reduce_min_sync(0xffffffffu, lo);
  hi = __reduce_max_sync(0xffffffffu, hi);
  if (threadIdx.x % 32 == 0) {
    atomicMin(&range[0], lo);
    atomicMax(&range[1], hi);
  }
}

__global__ void normalise(const float *frame, float *out, int n, const int *range) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  const float lo = of_key(range[0]), hi = of_key(range[1]);
  if (i < n) out[i] = hi > lo ? __fdividef(frame[i] - lo, hi - lo) : 0.0f;
}

// one block a row
__global__ void row_sums(const float *frame, float *sums, int cols) {
  __shared__ float part[32];
  float s = 0;
  for (int c = threadIdx.x; c < cols; c += 32) s += frame[blockIdx.x * cols + c];
  part[threadIdx.x] = s;
  __syncwarp();
  for (int d = 16; d > 0; d >>= 1) {
    if (threadIdx.x < d) part[threadIdx.x] += part[threadIdx.x + d];
    __syncwarp();
  }
  if (threadIdx.x == 0) atomicAdd(&sums[blockIdx.x], part[0]);
}

__global__ void blend(const float *now, float *average, const float *sums, float *mean, int n, int cols, float weight) {
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
    average[i] += weight * (now[i] - average[i]);
    if (i % cols == 0) mean[i / cols] = sums[i / cols] / cols;
  }
}

int main() {
  float *frame, *now, *average, *sums, *mean, *staging;
  int *range;
  RT(cudaMalloc(&frame, kPixels * sizeof(float)));
  RT(cudaMalloc(&now, kPixels * sizeof(float)));
  RT(cudaMalloc(&average, kPixels * sizeof(float)));
  RT(cudaMalloc(&sums, kRows * sizeof(float)));
  RT(cudaMalloc(&mean, kRows * sizeof(float)));
  RT(cudaMalloc(&range, 2 * sizeof(int)));
  RT(cudaMallocHost(&staging, kPixels * sizeof(float)));
  RT(cudaMemset(average, 0, kPixels * sizeof(float)));

  cudaStream_t main_stream, side_stream;
  cudaEvent_t fork, join;
  RT(cudaStreamCreate(&main_stream));
  RT(cudaStreamCreate(&side_stream));
  RT(cudaEventCreate(&fork));
  RT(cudaEventCreate(&join));

  const int threads = 128, blocks = (kPixels + threads - 1) / threads;
  cudaGraph_t graph;
  cudaGraphExec_t pipeline;
  RT(cudaStreamBeginCapture(main_stream, cudaStreamCaptureModeGlobal));
  RT(cudaMemcpyAsync(frame, staging, kPixels * sizeof(float), cudaMemcpyHostToDevice, main_stream));
  RT(cudaEventRecord(fork, main_stream));
  RT(cudaStreamWaitEvent(side_stream, fork, 0));
  RT(cudaMemsetAsync(sums, 0, kRows * sizeof(float), side_stream));
  row_sums<<<kRows, 32, 0, side_stream>>>(frame, sums, kCols);
  RT(cudaEventRecord(join, side_stream));
  start_range<<<1, 32, 0, main_stream>>>(range);
  find_range<<<blocks, threads, 0, main_stream>>>(frame, kPixels, range);
  normalise<<<blocks, threads, 0, main_stream>>>(frame, now, kPixels, range);
  RT(cudaStreamWaitEvent(main_stream, join, 0));
  blend<<<3, threads, 0, main_stream>>>(now, average, sums, mean, kPixels, kCols, 0.25f);
  RT(cudaStreamEndCapture(main_stream, &graph));
  RT(cudaGraphInstantiate(&pipeline, graph, nullptr, nullptr, 0));

  // Every pixel follows v(f) = base + f * slope, the extremes are known, and the moving average is a weighted sum.
  auto pixel = [](int f, int i) { return (float)((i * 61 % 409) - 200 + f * 16) / 8.0f; };
  int wrong = 0;
  double worst = 0;
  for (int f = 0; f < kFrames; ++f) {
    for (int i = 0; i < kPixels; ++i) staging[i] = pixel(f, i);
    RT(cudaGraphLaunch(pipeline, main_stream));
    RT(cudaStreamSynchronize(main_stream));

    std::vector<float> got(kPixels), means(kRows);
    RT(cudaMemcpy(got.data(), average, kPixels * sizeof(float), cudaMemcpyDeviceToHost));
    RT(cudaMemcpy(means.data(), mean, kRows * sizeof(float), cudaMemcpyDeviceToHost));
    for (int i = 0; i < kPixels; ++i) {
      const double normal = (i * 61 % 409) / 408.0;  // the same in every frame
      const double want = normal * (1 - std::pow(0.75, f + 1));
      const double e = std::fabs(got[i] - want);
      wrong += !(e < 1e-6);
      if (e > worst) worst = e;
    }
    for (int r = 0; r < kRows; ++r) {
      double eighths = 0;
      for (int c = 0; c < kCols; ++c) eighths += (r * kCols + c) * 61 % 409 - 200 + f * 16;
      wrong += !(std::fabs(means[r] - eighths / 8 / kCols) < 1e-5);
    }
  }
  printf("%d frames, worst %.2e, %d wrong\n", kFrames, worst, wrong);

  RT(cudaGraphExecDestroy(pipeline));
  RT(cudaGraphDestroy(graph));
  RT(cudaEventDestroy(fork));
  RT(cudaEventDestroy(join));
  RT(cudaStreamDestroy(side_stream));
  RT(cudaStreamDestroy(main_stream));
  for (void *p : {(void *)frame, (void *)now, (void *)average, (void *)sums, (void *)mean, (void *)range}) RT(cudaFree(p));
  RT(cudaFreeHost(staging));
  puts(wrong ? "FAIL" : "PASS");
  return wrong != 0;
}
