// Conversions that nobody wrote saturate too, and so do shifts that assign. On hardware a float that is out of range
// becomes the nearest integer there is, NaN becomes 0; narrow integers are made from 32-bit ones.
#include <cstdio>
#include <cstdint>

struct Bits { unsigned low : 4, high : 28; };
__device__ unsigned char quantised(float x) { return 255.0f * x + 0.5f; }
__device__ inline static int bucket(const float* x, float width) { if (x == nullptr) return -1; return x[0] / width; }
template <class T> __device__ T twice(T x) { return x + x; }
__global__ void store(int* o, unsigned char* bytes, unsigned* u, const float* x, const double* d, float nan, int n, float4 v) {
  int a = x[0] * 1e10f, b = -x[0] * 1e10f;
  const unsigned c = -x[0];
  o[0] = a, o[1] = b, o[2] = c;
  o[3] = nan;
  o[4] = x[0] > 0.5f;                    // true
  bytes[0] = 300.0f * x[0];              // 300 = 256 + 44
  bytes[1] = -5.0f * x[0];               // no unsigned 32-bit number is negative
  u[0] = -3.5f * x[0];
  u[1] = d[0] * 4.0;                     // 1e10: too large
  long long w = d[0] * d[0];             // 6.25e18 fits
  o[5] = w == 6250000000000000000ll;
  int16_t s;
  s = 70000.0f * x[0];                   // 70000 - 65536
  o[6] = s;
  for (int i = floorf(x[0] + 0.7f), k = 0; k < 1; ++k) o[7] = i;
  o[8] = n ? v.y : 7;                    // 1e20
  *(o + 9) = twice<int>(2.9f);           // an argument: in range either way
  int shifted = 1;
  shifted <<= n + 31;                    // 34
  o[10] = shifted;
  shifted = -8;
  shifted >>= n + 40;
  o[11] = shifted;
  unsigned mask = ~0u;
  mask >>= 29 + n;
  o[12] = mask;
  Bits f;
  f.low = 1, f.high = 3;
  f.low <<= n;
  o[13] = (int)f.low + (f.high << n);
  const int size = sizeof(float) * 2;
  int local[size];
  local[size - 1] = 1.5f + x[0];
  o[14] = local[size - 1];
  o[15] = quantised(x[0]);
  o[16] = quantised(-x[0]);              // -254.5 is no unsigned number
  o[17] = bucket(x, 1e-30f);
}

int main() {
  int* o;
  unsigned char* bytes;
  unsigned* u;
  float* x;
  double* d;
  cudaMallocManaged(&o, 18 * sizeof(int)), cudaMallocManaged(&bytes, 2), cudaMallocManaged(&u, 8), cudaMallocManaged(&x, 4), cudaMallocManaged(&d, 8);
  x[0] = 1.0f, d[0] = 2.5e9;
  store<<<1, 1>>>(o, bytes, u, x, d, __builtin_nanf(""), 3, make_float4(0, 1e20f, 0, 0));
  cudaDeviceSynchronize();
  for (int i = 0; i < 18; ++i) printf("%d ", o[i]);
  printf("| %d %d | %u %u\n", bytes[0], bytes[1], u[0], u[1]);
}
// expect: 2147483647 -2147483648 0 0 1 1 4464 1 2147483647 4 0 -1 0 32 2 255 0 2147483647 | 44 0 | 0 4294967295
