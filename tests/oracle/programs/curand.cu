// cuRAND's generators on the device and from the host.
#include <cmath>
#include <cstdio>
#include <curand.h>
#include <curand_kernel.h>

// Philox4x32-10 of key 0 and counter 0 is 6627e8d5 e169c58d bc57ac4c 9b00dbd8 (the published test vector).
__global__ void philox(unsigned* o, float* f) {
  curandStatePhilox4_32_10_t s;
  curand_init(0, 0, 0, &s);
  for (int i = 0; i < 4; i++) o[i] = curand(&s);
  curand_init(0, 0, 2, &s);
  o[4] = curand(&s);
  const uint4 next = curand4(&s);  // goes on with the fourth
  o[5] = next.x;
  curand_init(0, 0, 0, &s);
  f[0] = curand_uniform(&s);
}

// One step of XORWOW by hand from the state that seed 0 gives, and skipping against drawing.
__global__ void xorwow(unsigned* o) {
  curandState a, b;
  curand_init(0, 0, 0, &a);
  const unsigned t = a.v[0] ^ (a.v[0] >> 2), v = (a.v[4] ^ (a.v[4] << 4)) ^ (t ^ (t << 1)), d = a.d + 362437u;
  o[0] = curand(&a) == v + d;
  for (int i = 1; i < 1000; i++) curand(&a);
  curand_init(0, 0, 1000, &b);
  o[1] = curand(&a) == curand(&b);
  // 2^67 = 16 * 2^63: a subsequence ahead by sixteen skips of 2^63.
  curand_init(7, 3, 5, &a);
  curand_init(7, 2, 5, &b);
  for (int i = 0; i < 16; i++) skipahead(1ull << 63, &b);
  o[2] = curand(&a) == curand(&b);
  curand_init(7, 4, 5, &b);
  o[3] = curand(&a) != curand(&b);
}

// With all six state words 12345 L'Ecuyer's generator begins 0.127011, 0.318527, 0.309186 (the published example).
__global__ void mrg(double* o) {
  curandStateMRG32k3a_t s, far;
  curand_init(0, 0, 0, &s);
  for (int i = 0; i < 3; i++) o[i] = curand_uniform_double(&s);
  curand_init(0, 0, 3, &far);
  o[3] = curand_uniform_double(&far) - curand_uniform_double(&s);
}

template <typename State>
__global__ void moments(State* states, float* mean, float* square, unsigned* events, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  State s = states[i];
  float sum = 0, squares = 0;
  unsigned count = 0;
  for (int k = 0; k < n; k++) {
    const float x = curand_normal(&s);
    sum += x, squares += x * x;
    count += curand_poisson(&s, 30.0);
  }
  mean[i] = sum / n, square[i] = squares / n, events[i] = count;
  states[i] = s;
}
template <typename State>
__global__ void setup(State* states, unsigned long long seed) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  curand_init(seed, i, 0, &states[i]);
}

template <typename State>
bool plausible() {
  const int threads = 256, n = 200;
  State* states;
  float *mean, *square;
  unsigned* events;
  cudaMallocManaged(&states, threads * sizeof(State));
  cudaMallocManaged(&mean, threads * sizeof(float));
  cudaMallocManaged(&square, threads * sizeof(float));
  cudaMallocManaged(&events, threads * sizeof(unsigned));
  setup<<<2, 128>>>(states, 1234ull);
  moments<<<2, 128>>>(states, mean, square, events, n);
  cudaDeviceSynchronize();
  double m = 0, q = 0, e = 0;
  for (int i = 0; i < threads; i++) m += mean[i], q += square[i], e += events[i];
  m /= threads, q /= threads, e /= threads * n;
  // 51,200 draws: the mean within five of its deviations, the variance and the events likewise
  return std::fabs(m) < 0.022 && std::fabs(q - 1) < 0.032 && std::fabs(e - 30) < 0.13;
}

int main() {
  unsigned* u;
  float* f;
  double* d;
  cudaMallocManaged(&u, 100000 * sizeof(unsigned));
  cudaMallocManaged(&f, 100000 * sizeof(float));
  cudaMallocManaged(&d, 8 * sizeof(double));
  philox<<<1, 1>>>(u, f);
  cudaDeviceSynchronize();
  printf("%08x %08x %08x %08x %08x %08x %.7f\n", u[0], u[1], u[2], u[3], u[4], u[5], f[0]);
  xorwow<<<1, 1>>>(u);
  cudaDeviceSynchronize();
  printf("%u %u %u %u\n", u[0], u[1], u[2], u[3]);
  mrg<<<1, 1>>>(d);
  cudaDeviceSynchronize();
  printf("%.6f %.6f %.6f %g\n", d[0], d[1], d[2], d[3]);
  printf("%d %d %d\n", plausible<curandState>(), plausible<curandStatePhilox4_32_10_t>(), plausible<curandStateMRG32k3a_t>());

  curandGenerator_t g;
  curandCreateGenerator(&g, CURAND_RNG_PSEUDO_DEFAULT);
  curandSetPseudoRandomGeneratorSeed(g, 1234ULL);
  const int n = 100000;
  curandGenerateUniform(g, f, n);
  double sum = 0;
  bool inside = true;
  for (int i = 0; i < n; i++) sum += f[i], inside &= f[i] > 0 && f[i] <= 1;
  printf("%d %d\n", inside, std::fabs(sum / n - 0.5) < 0.005);
  printf("%d %d\n", curandGenerateNormal(g, f, 3, 0.0f, 1.0f) == CURAND_STATUS_LENGTH_NOT_MULTIPLE,
         curandGenerateNormal(g, f, n, 10.0f, 2.0f) == CURAND_STATUS_SUCCESS);
  sum = 0;
  for (int i = 0; i < n; i++) sum += f[i];
  printf("%d\n", std::fabs(sum / n - 10) < 0.04);
  curandDestroyGenerator(g);
  curandCreateGenerator(&g, CURAND_RNG_QUASI_SOBOL32);
  curandSetQuasiRandomGeneratorDimensions(g, 2);
  curandGenerate(g, u, 8);  // 0 1/2 3/4 1/4 in the first dimension; 0 1/2 1/4 3/4 in the second
  for (int i = 0; i < 8; i++) printf("%g%c", u[i] / 4294967296.0, i == 7 ? '\n' : ' ');
  printf("%d\n", curandDestroyGenerator(g) == CURAND_STATUS_SUCCESS);
  curandCreateGeneratorHost(&g, CURAND_RNG_PSEUDO_MT19937);
  curandSetPseudoRandomGeneratorSeed(g, 5489);
  unsigned* h = new unsigned[10000];
  curandGenerate(g, h, 10000);
  curandDestroyGenerator(g);
  delete[] h;
  printf("PASS\n");
}
// expect: 6627e8d5 e169c58d bc57ac4c 9b00dbd8 bc57ac4c 9b00dbd8 0.3990465
// expect: 1 1 1 1
// expect: 0.127011 0.318528 0.309186 0
// expect: 1 1 1
// expect: 1 1
// expect: 1 1
// expect: 1
// expect: 0 0.5 0.75 0.25 0 0.5 0.25 0.75
// expect: 1
// expect: PASS
