// European option prices by Black and Scholes, one thread an option, in managed memory and timed with events.
//
// The normal distribution function is the polynomial 26.2.17 of Abramowitz and Stegun (absolute error below 7.5e-8).
#include <cassert>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include <cuda_runtime.h>

#define gpuErrchk(ans) { gpuAssert((ans), __FILE__, __LINE__); }
inline void gpuAssert(cudaError_t code, const char *file, int line, bool abort = true)
{
   if (code != cudaSuccess)
   {
      fprintf(stderr, "GPUassert: %s %s %d\n", cudaGetErrorString(code), file, line);
      if (abort) exit(code);
   }
}

#define RSQRT2PI 0.3989422804014327f

__device__ __forceinline__ float normalCdf(float d)
{
   const float k = 1.0f / (1.0f + 0.2316419f * fabsf(d));
   const float poly = k * (0.319381530f + k * (-0.356563782f + k * (1.781477937f + k * (-1.821255978f + k * 1.330274429f))));
   const float tail = RSQRT2PI * __expf(-0.5f * d * d) * poly;
   return d > 0.0f ? 1.0f - tail : tail;
}

__global__ void priceOptions(float *__restrict__ call, float *__restrict__ put, const float *__restrict__ spot,
                             const float *__restrict__ strike, const float *__restrict__ years, float rate,
                             float volatility, int optionCount)
{
   const int opt = blockDim.x * blockIdx.x + threadIdx.x;
   if (opt >= optionCount)
      return;

   const float S = spot[opt];
   const float X = strike[opt];
   const float T = years[opt];

   const float sqrtT = sqrtf(T);
   const float d1 = (logf(S / X) + (rate + 0.5f * volatility * volatility) * T) / (volatility * sqrtT);
   const float d2 = d1 - volatility * sqrtT;
   const float cdf1 = normalCdf(d1);
   const float cdf2 = normalCdf(d2);

   const float discounted = X * expf(-rate * T);
   call[opt] = S * cdf1 - discounted * cdf2;
   put[opt] = discounted * (1.0f - cdf2) - S * (1.0f - cdf1);
}

// The exact distribution function, through the complementary error function.
static double exactCdf(double d) { return 0.5 * erfc(-d / sqrt(2.0)); }

static float uniform(float lo, float hi)
{
   static unsigned long long state = 5347;
   state = state * 6364136223846793005ULL + 1442695040888963407ULL;
   return lo + (hi - lo) * (float)(state >> 40) / 16777216.0f;
}

int main(int argc, char **argv)
{
   const int optionCount = argc > 1 ? atoi(argv[1]) : 5003;
   const float rate = 0.02f, volatility = 0.30f;
   assert(optionCount > 0);

   float *call, *put, *spot, *strike, *years;
   gpuErrchk(cudaMallocManaged(&call, optionCount * sizeof(float)));
   gpuErrchk(cudaMallocManaged(&put, optionCount * sizeof(float)));
   gpuErrchk(cudaMallocManaged(&spot, optionCount * sizeof(float)));
   gpuErrchk(cudaMallocManaged(&strike, optionCount * sizeof(float)));
   gpuErrchk(cudaMallocManaged(&years, optionCount * sizeof(float)));
   for (int i = 0; i < optionCount; ++i)
   {
      spot[i] = uniform(5.0f, 30.0f);
      strike[i] = uniform(1.0f, 100.0f);
      years[i] = uniform(0.25f, 10.0f);
   }

   cudaEvent_t begin, end;
   gpuErrchk(cudaEventCreate(&begin));
   gpuErrchk(cudaEventCreate(&end));
   const int threads = 128;
   const int blocks = (optionCount + threads - 1) / threads;

   gpuErrchk(cudaEventRecord(begin));
   priceOptions<<<blocks, threads>>>(call, put, spot, strike, years, rate, volatility, optionCount);
   gpuErrchk(cudaEventRecord(end));
   gpuErrchk(cudaEventSynchronize(end));
   gpuErrchk(cudaPeekAtLastError());
   float milliseconds = 0.0f;
   gpuErrchk(cudaEventElapsedTime(&milliseconds, begin, end));

   double worst = 0.0;
   for (int i = 0; i < optionCount; ++i)
   {
      const double s = spot[i], x = strike[i], t = years[i], sigma = (double)volatility * sqrt(t);
      const double d1 = log(s / x) / sigma + (rate / (double)volatility) * sqrt(t) + 0.5 * sigma;
      const double present = x * exp(-(double)rate * t);
      const double wantCall = s * exactCdf(d1) - present * exactCdf(d1 - sigma);
      const double wantPut = wantCall - s + present;   // put-call parity
      worst = fmax(worst, fmax(fabs(call[i] - wantCall), fabs(put[i] - wantPut)));
   }
   printf("%d options, worst error %.2e\n", optionCount, worst);
   fprintf(stderr, "kernel: %.3f ms\n", milliseconds);
   const bool pass = worst < 1e-4;
   printf("%s\n", pass ? "PASS" : "FAIL");

   cudaEventDestroy(begin);
   cudaEventDestroy(end);
   cudaFree(call);
   cudaFree(put);
   cudaFree(spot);
   cudaFree(strike);
   cudaFree(years);
   return pass ? 0 : 1;
}
