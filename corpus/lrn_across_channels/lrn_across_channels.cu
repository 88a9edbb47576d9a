// Local response normalization across channels, forward and backward.
//   scale(c) = k + alpha / size * sum of x^2 over `size` channels around c
//   y = x * scale^-beta
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <chrono>
#include <vector>
#include <cuda_runtime.h>
#ifdef _OPENMP
#include <omp.h>
#endif

#define BLOCK_SIZE 128

// One thread walks over all channels of a pixel; squares enter and leave a running sum.
__global__ void lrn_fwd(const float *__restrict__ src, float *__restrict__ dst, float *__restrict__ scale,
                        const int images, const int channels, const int pixels, const int size, const float alpha,
                        const float beta, const float k)
{
  const int gid = blockIdx.x * blockDim.x + threadIdx.x;
  if (gid >= images * pixels) return;
  const long base = (long)(gid / pixels) * channels * pixels + gid % pixels;
  const int half = (size - 1) / 2;
  float sum = 0.f;
  for (int c = 0; c < channels + half; c++) {
    if (c < channels) {
      const float in = src[base + (long)c * pixels];
      sum += in * in;
    }
    if (c >= size) {
      const float out = src[base + (long)(c - size) * pixels];
      sum -= out * out;
    }
    if (c >= half) {
      const long at = base + (long)(c - half) * pixels;
      const float s = k + alpha / size * sum;
      scale[at] = s;
      dst[at] = src[at] * __powf(s, -beta);
    }
  }
}

__global__ void lrn_bwd(const float *__restrict__ src, const float *__restrict__ dst, const float *__restrict__ scale,
                        const float *__restrict__ diff_dst, float *__restrict__ diff_src, const int images,
                        const int channels, const int pixels, const int size, const float alpha, const float beta)
{
  // one thread an element
  const long gid = blockIdx.x * (long)blockDim.x + threadIdx.x;
  if (gid >= (long)images * channels * pixels) return;
  const int c = gid / pixels % channels;
  const int half = (size - 1) / 2;
  const int first = max(c - half, 0), last = min(c + half, channels - 1);
  float sum = 0.f;
  for (int j = first; j <= last; j++) {
    const long at = gid + (long)(j - c) * pixels;
    sum += diff_dst[at] * dst[at] / scale[at];
  }
  diff_src[gid] = diff_dst[gid] * __powf(scale[gid], -beta) - 2.f * alpha * beta / size * src[gid] * sum;
}

// Forward by the definition, in double; `bump` is added to one element.
static double reference(const float *x, int channels, int pixels, int c, int p, int size, double alpha, double beta,
                        double k, int bumped, double bump)
{
  double sum = 0;
  for (int j = c - (size - 1) / 2; j <= c + (size - 1) / 2; j++)
    if (j >= 0 && j < channels) {
      const double v = x[(long)j * pixels + p] + (j == bumped ? bump : 0);
      sum += v * v;
    }
  const double v = x[(long)c * pixels + p] + (c == bumped ? bump : 0);
  return v * exp(-beta * log(k + alpha / size * sum));
}

int main(int argc, char *argv[])
{
  if (argc != 1 && argc != 5) {
    printf("Usage: %s [<images> <channels> <pixels> <repeat>]\n", argv[0]);
    return 1;
  }
  const int images = argc > 1 ? atoi(argv[1]) : 3;
  const int channels = argc > 1 ? atoi(argv[2]) : 19;
  const int pixels = argc > 1 ? atoi(argv[3]) : 37;
  const int repeat = argc > 1 ? atoi(argv[4]) : 2;
  const int size = 5;
  const float alpha = 0.9f, beta = 0.75f, k = 1.5f;
  const long n = (long)images * channels * pixels;

  cudaDeviceProp prop;
  if (cudaGetDeviceProperties(&prop, 0) != cudaSuccess || prop.maxThreadsPerBlock < BLOCK_SIZE) {
    printf("no suitable device\n");
    return 1;
  }

  std::vector<float> x(n), dy(n), y(n), dx(n);
  srand(123);
  for (long i = 0; i < n; i++) {
    x[i] = (rand() % 2001 - 1000) / 400.f;
    dy[i] = (rand() % 2001 - 1000) / 1000.f;
  }

  float *d_x, *d_y, *d_scale, *d_dy, *d_dx;
  cudaMalloc((void **)&d_x, n * sizeof(float));
  cudaMalloc((void **)&d_y, n * sizeof(float));
  cudaMalloc((void **)&d_scale, n * sizeof(float));
  cudaMalloc((void **)&d_dy, n * sizeof(float));
  cudaMalloc((void **)&d_dx, n * sizeof(float));
  cudaMemcpy(d_x, x.data(), n * sizeof(float), cudaMemcpyHostToDevice);
  cudaMemcpy(d_dy, dy.data(), n * sizeof(float), cudaMemcpyHostToDevice);

  const int columns = images * pixels;
  cudaDeviceSynchronize();
  auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < repeat; i++) {
    lrn_fwd<<<(columns + BLOCK_SIZE - 1) / BLOCK_SIZE, BLOCK_SIZE>>>(d_x, d_y, d_scale, images, channels, pixels, size, alpha, beta, k);
    lrn_bwd<<<(n + BLOCK_SIZE - 1) / BLOCK_SIZE, BLOCK_SIZE>>>(d_x, d_y, d_scale, d_dy, d_dx, images, channels, pixels, size, alpha, beta);
  }
  cudaError_t err = cudaDeviceSynchronize();
  auto end = std::chrono::steady_clock::now();
  auto time = std::chrono::duration_cast<std::chrono::nanoseconds>(end - start).count();
  fprintf(stderr, "Average execution time of the kernels: %f (us)\n", time * 1e-3 / (repeat > 0 ? repeat : 1));
  if (err != cudaSuccess) {
    printf("kernel: %s\n", cudaGetErrorString(err));
    return 1;
  }
  cudaMemcpy(y.data(), d_y, n * sizeof(float), cudaMemcpyDeviceToHost);
  cudaMemcpy(dx.data(), d_dx, n * sizeof(float), cudaMemcpyDeviceToHost);

  long wrong = 0;
#pragma omp parallel for reduction(+ : wrong)
  for (long i = 0; i < n; i++) {
    const int p = i % pixels, c = i / pixels % channels;
    const float *image = &x[i / pixels / channels * channels * pixels];
    const float *grad = &dy[i / pixels / channels * channels * pixels];
    const double want = reference(image, channels, pixels, c, p, size, alpha, beta, k, -1, 0);
    if (!(fabs(y[i] - want) < 4e-6)) wrong++;
    // the gradient by central differences of everything that this element reaches
    double slope = 0;
    for (int j = c - 2; j <= c + 2; j++)
      if (j >= 0 && j < channels) {
        const double h = 1e-5;
        slope += grad[(long)j * pixels + p] * (reference(image, channels, pixels, j, p, size, alpha, beta, k, c, h) -
                                               reference(image, channels, pixels, j, p, size, alpha, beta, k, c, -h)) / (2 * h);
      }
    if (!(fabs(dx[i] - slope) < 1e-5)) wrong++;
  }
#ifdef _OPENMP
  printf("checked by up to %d threads\n", omp_get_max_threads());
#endif
  printf("%ld of %ld wrong\n%s\n", wrong, n, wrong ? "FAIL" : "PASS");
  cudaFree(d_x);
  cudaFree(d_y);
  cudaFree(d_scale);
  cudaFree(d_dy);
  cudaFree(d_dx);
  return wrong != 0;
}
