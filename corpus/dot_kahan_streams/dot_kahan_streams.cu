//
// Compensated dot products: four streams, each works on its slice of the
// vectors, from pinned host memory and back.
//
#include <cuda_runtime.h>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#define N_STREAMS 4
#define TPB       128
#define BLOCKS    3

#ifndef N
#define N 30011
#endif

#define gpuErrchk(ans) { gpuAssert((ans), __FILE__, __LINE__); }
inline void gpuAssert(cudaError_t code, const char *file, int line, bool abort = true)
{
   if (code != cudaSuccess)
   {
      fprintf(stderr, "GPUassert: %s %s %d\n", cudaGetErrorString(code), file, line);
      if (abort) exit(code);
   }
}

struct twosum { float hi, lo; };

// Knuth: hi + lo is exactly a + b
__device__ __forceinline__ twosum two_sum(float a, float b)
{
   twosum r;
   r.hi = __fadd_rn(a, b);
   float t = __fadd_rn(r.hi, -a);
   r.lo = __fadd_rn(__fadd_rn(a, -__fadd_rn(r.hi, -t)), __fadd_rn(b, -t));
   return r;
}

// hi + lo is exactly a * b
__device__ __forceinline__ twosum two_prod(float a, float b)
{
   twosum r;
   r.hi = __fmul_rn(a, b);
   r.lo = __fmaf_rn(a, b, -r.hi);
   return r;
}

__device__ __forceinline__ void accumulate(float &sum, float &err, float term)
{
   twosum s = two_sum(sum, term);
   sum = s.hi;
   err = __fadd_rn(err, s.lo);
}

__global__ void dot_compensated(const float *x, const float *y, double *partial, int n)
{
   extern __shared__ float buf[];
   float *sums = buf, *errs = buf + blockDim.x;

   float sum = 0.0f, err = 0.0f;
   for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += blockDim.x * gridDim.x)
   {
      twosum p = two_prod(x[i], y[i]);
      accumulate(sum, err, p.hi);
      err = __fadd_rn(err, p.lo);
   }
   sums[threadIdx.x] = sum;
   errs[threadIdx.x] = err;
   __syncthreads();

   for (int half = blockDim.x / 2; half > 0; half /= 2)
   {
      if (threadIdx.x < half)
      {
         accumulate(sums[threadIdx.x], errs[threadIdx.x], sums[threadIdx.x + half]);
         errs[threadIdx.x] += errs[threadIdx.x + half];
      }
      __syncthreads();
   }
   if (threadIdx.x == 0)
      partial[blockIdx.x] = __dadd_rn((double)sums[0], (double)errs[0]);
}

int main()
{
   float *hx, *hy;
   double *hpart;
   gpuErrchk(cudaMallocHost((void **)&hx, N * sizeof(float)));
   gpuErrchk(cudaMallocHost((void **)&hy, N * sizeof(float)));
   gpuErrchk(cudaHostAlloc((void **)&hpart, N_STREAMS * BLOCKS * sizeof(double), cudaHostAllocDefault));

   // Ill conditioned: pairs of large products that cancel up to a small rest.
   // Everything is a multiple of 2^-6 below 2^20, so the exact answer is an integer count of 2^-12.
   long long exact = 0;                                 // in units of 2^-12
   for (int i = 0; i < N; i++)
   {
      long long a = (i / 2 * 7919LL) % 900001 + 1000000;  // the same for both of a pair
      long long b = (i / 2 * 104729LL) % 800011 + 5;
      if (i % 2) { a = -a; b += i % 5; }
      hx[i] = (float)a / 64.0f;
      hy[i] = (float)b / 64.0f;
      exact += a * b;
   }

   float *dx, *dy;
   double *dpart;
   gpuErrchk(cudaMalloc((void **)&dx, N * sizeof(float)));
   gpuErrchk(cudaMalloc((void **)&dy, N * sizeof(float)));
   gpuErrchk(cudaMalloc((void **)&dpart, N_STREAMS * BLOCKS * sizeof(double)));

   cudaStream_t stream[N_STREAMS];
   cudaEvent_t done[N_STREAMS];
   const int chunk = (N + N_STREAMS - 1) / N_STREAMS;
   for (int s = 0; s < N_STREAMS; s++)
   {
      gpuErrchk(cudaStreamCreate(&stream[s]));
      gpuErrchk(cudaEventCreateWithFlags(&done[s], cudaEventDisableTiming));
      const int first = s * chunk;
      const int len = first + chunk <= N ? chunk : N - first;
      gpuErrchk(cudaMemcpyAsync(dx + first, hx + first, len * sizeof(float), cudaMemcpyHostToDevice, stream[s]));
      gpuErrchk(cudaMemcpyAsync(dy + first, hy + first, len * sizeof(float), cudaMemcpyHostToDevice, stream[s]));
      dot_compensated<<<BLOCKS, TPB, 2 * TPB * sizeof(float), stream[s]>>>(dx + first, dy + first, dpart + s * BLOCKS, len);
      gpuErrchk(cudaMemcpyAsync(hpart + s * BLOCKS, dpart + s * BLOCKS, BLOCKS * sizeof(double),
                                cudaMemcpyDeviceToHost, stream[s]));
      gpuErrchk(cudaEventRecord(done[s], stream[s]));
   }
   double dot = 0.0;
   for (int s = 0; s < N_STREAMS; s++)
   {
      gpuErrchk(cudaEventSynchronize(done[s]));
      for (int b = 0; b < BLOCKS; b++) dot += hpart[s * BLOCKS + b];
      gpuErrchk(cudaEventDestroy(done[s]));
      gpuErrchk(cudaStreamDestroy(stream[s]));
   }

   double truth = (double)exact / 4096.0;
   float naive = 0.0f;
   for (int i = 0; i < N; i++) naive += hx[i] * hy[i];
   double err = fabs(dot - truth) / fabs(truth), naive_err = fabs(naive - truth) / fabs(truth);
   printf("exact %.6f  compensated %.6f (%.1e)  plain float off by %.1e\n", truth, dot, err, naive_err);

   gpuErrchk(cudaFree(dx)); gpuErrchk(cudaFree(dy)); gpuErrchk(cudaFree(dpart));
   gpuErrchk(cudaFreeHost(hx)); gpuErrchk(cudaFreeHost(hy)); gpuErrchk(cudaFreeHost(hpart));
   // compensation must do what it is for: be much better than a plain sum can be
   bool pass = err < 1e-7;
   printf("%s\n", pass ? "PASS" : "FAIL");
   return pass ? 0 : 1;
}
