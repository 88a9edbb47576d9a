// Sobol sequences in device code, of 32 and of 64 bits. In the order of the Gray code the first dimension is 0, 1/2, 3/4,
// 1/4, 3/8, 7/8 ... and the second 0, 1/2, 1/4, 3/4; the first bits do not depend on how many there are. A uniform number
// is x scaled by the range plus half a step, so that it is never 0. One number of the sequence is drawn for each result.
// expect: 0 2 3 1 | 0 2 1 3
// expect: 0.5 0.75 0.25 0.375
// expect: 1 1 1
// expect: PASS
#include <cstdio>
#include <curand.h>
#include <curand_kernel.h>

__global__ void draw(curandDirectionVectors64_t* directions, unsigned long long* words, double* numbers) {
  curandStateSobol64_t a, b;
  curand_init(directions[0], 0ull, &a);
  curand_init(directions[1], 0ull, &b);
  for (int i = 0; i < 4; ++i) words[i] = curand(&a), words[4 + i] = curand(&b);
  curand_init(directions[0], 1ull, &a);  // from the second number on
  numbers[0] = curand_uniform_double(&a);
  numbers[1] = curand_uniform(&a);
  numbers[2] = curand_uniform_double(&a);
  skipahead(0ull, &a);
  numbers[3] = curand_uniform_double(&a);
}
__global__ void normal(curandDirectionVectors32_t* directions, float* out) {
  curandStateSobol32_t a;
  curand_init(directions[0], 1u, &a);
  out[0] = curand_normal(&a);                                // of 1/2
  out[1] = curand_normal(&a);                                // of 3/4
  out[2] = static_cast<float>(curand_uniform_double(&a));  // 1/4
}

int main() {
  curandDirectionVectors64_t *host64, *d64;
  curandDirectionVectors32_t *host32, *d32;
  bool good = curandGetDirectionVectors64(&host64, CURAND_DIRECTION_VECTORS_64_JOEKUO6) == CURAND_STATUS_SUCCESS;
  good = good && curandGetDirectionVectors32(&host32, CURAND_DIRECTION_VECTORS_32_JOEKUO6) == CURAND_STATUS_SUCCESS;
  unsigned long long* words;
  double* numbers;
  float* normals;
  cudaMalloc(&d64, 2 * sizeof *d64);
  cudaMalloc(&d32, sizeof *d32);
  cudaMemcpy(d64, host64, 2 * sizeof *d64, cudaMemcpyHostToDevice);
  cudaMemcpy(d32, host32, sizeof *d32, cudaMemcpyHostToDevice);
  cudaMallocManaged(&words, 8 * sizeof *words);
  cudaMallocManaged(&numbers, 4 * sizeof *numbers);
  cudaMallocManaged(&normals, 3 * sizeof *normals);
  draw<<<1, 1>>>(d64, words, numbers);
  normal<<<1, 1>>>(d32, normals);
  cudaDeviceSynchronize();
  for (int i = 0; i < 8; ++i) printf("%s%llu", i == 0 ? "" : i == 4 ? " | " : " ", words[i] >> 62);
  printf("\n%g %g %g %g\n", numbers[0], numbers[1], numbers[2], numbers[3]);
  printf("%d %d %d\n", normals[0] > -1e-6f && normals[0] < 1e-6f, normals[1] > 0.67448f && normals[1] < 0.6745f, normals[2] == 0.25f);
  printf(good ? "PASS\n" : "FAIL\n");
}
