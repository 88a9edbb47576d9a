#include <numeric>
#include <vector>
#include "shared.h"

int host_sum(const float* p, int n) {
  const std::vector<float> all(p, p + n);
  return static_cast<int>(std::accumulate(all.begin(), all.end(), 0.0f));
}
// p[0] and p[n-1] change places and grow: 0 and 30.5; 125.5 and 95; 190 and 220.5; 126.5 and 96; 2 and 32.5.
void by_address(const void* kernel, float* p, int n) {
  float add = 95;
  void* args[] = {&p, &n, &add};
  cudaLaunchKernel(kernel, dim3(1), dim3(n), args, 0, 0);
  cudaLaunchKernel(kernel, dim3(1), dim3(n), args, 0, 0);
  add = 1 - 95;
  cudaLaunchKernel(kernel, dim3(1), dim3(n), args, 0, 0);
  cudaLaunchKernel(kernel, dim3(1), dim3(n), args, 0, 0);
}
