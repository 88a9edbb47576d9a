// Half and bfloat16: rounding after every operation, conversions, pairs, intrinsics.
#include <cstdio>
#include <cuda_bf16.h>
#include <cuda_fp16.h>

__global__ void rounding(const half* a, half* o, unsigned short* bits) {
  const half big = __float2half(2048.0f), one = __float2half(1.0f);
  o[0] = __hadd(big, one);         // 2049 lies between 2048 and 2050: to even
  o[1] = big + one + one;          // so does each step of a sum
  o[2] = __hfma(a[0], a[0], -one);  // rounded once: (1 + 3/2^10)^2 - 1 = 6/2^10 + 9/2^20
  o[3] = a[0] * a[0] - one;        // rounded twice: 6/2^10
  o[4] = __hdiv(one, __float2half(3.0f));
  o[5] = hsqrt(__float2half(2.0f));
  bits[0] = __half_as_ushort(__float2half(65520.0f));     // half way to 2^16: infinity
  bits[1] = __half_as_ushort(__float2half_rz(65519.0f));  // toward zero: the largest
  bits[2] = __half_as_ushort(__float2half(5.9604645e-8f));  // the smallest subnormal
  bits[3] = __half_as_ushort(__float2half(2.9e-8f));      // below half of it
  bits[4] = __half_as_ushort(__int2half_rn(-3));
  bits[5] = (unsigned short)__half2int_rz(__float2half(-2.75f));
  bits[6] = __half_as_ushort(__float2half_ru(1.0001f));
  bits[7] = __hisnan(__ushort_as_half(0x7E00)) + 2 * __hlt(one, big) + 4 * (one == big) + 8 * __hgtu(__ushort_as_half(0x7E00), one);
}

__global__ void pairs(const half2* a, half2* o) {
  const half2 v = a[threadIdx.x];
  o[threadIdx.x] = __hfma2(v, __float2half2_rn(2.0f), make_half2(__low2half(v), __float2half(1.0f)));
  if (__hbgt2(v, __floats2half2_rn(2.0f, 3.0f))) o[threadIdx.x] = __lowhigh2highlow(v);
}

template <typename T>
__device__ float widen(T v) { return static_cast<float>(v); }
template <typename T>
__global__ void dot(const T* a, const T* b, float* o, int n) {
  float s = 0;
  for (int i = threadIdx.x; i < n; i += 32) s += widen(a[i]) * widen(b[i]);
  for (int d = 16; d > 0; d >>= 1) s += __shfl_xor_sync(0xffffffff, s, d);
  if (threadIdx.x == 0) *o = s;
}

__global__ void brain(float* o, unsigned short* bits) {
  const __nv_bfloat16 x = __float2bfloat16(1.00390625f);  // 1 + 2^-8: half way, to even
  const __nv_bfloat16 y = __float2bfloat16(3.14159265f);
  o[0] = __bfloat162float(x), o[1] = __bfloat162float(y), o[2] = __bfloat162float(y * y);
  __nv_bfloat162 p = __floats2bfloat162_rn(1.5f, -2.0f);
  p = __hmul2(p, p);
  o[3] = __low2float(p), o[4] = __bfloat162float(__hmax(p.y, p.x));
  bits[0] = __bfloat16_as_ushort(__float2bfloat16_rz(-1.999f));
}

int main() {
  half *h, *o;
  unsigned short* bits;
  float* f;
  cudaMallocManaged(&h, 512), cudaMallocManaged(&o, 512), cudaMallocManaged(&bits, 64), cudaMallocManaged(&f, 64);
  h[0] = __float2half(1.0029296875f);
  rounding<<<1, 1>>>(h, o, bits);
  cudaDeviceSynchronize();
  printf("%g %g %a %a %a %a\n", __half2float(o[0]), __half2float(o[1]), __half2float(o[2]), __half2float(o[3]), __half2float(o[4]),
         __half2float(o[5]));
  // expect: 2048 2048 0x1.808p-8 0x1.8p-8 0x1.554p-2 0x1.6ap+0
  printf("%x %x %x %x %x %d %x %d\n", bits[0], bits[1], bits[2], bits[3], bits[4], (short)bits[5], bits[6], bits[7]);
  // expect: 7c00 7bff 1 0 c200 -2 3c01 11
  half2* p = (half2*)h;
  p[0] = __floats2half2_rn(1.5f, 4.0f), p[1] = __floats2half2_rn(3.0f, 4.0f);
  pairs<<<1, 2>>>(p, p + 4);
  cudaDeviceSynchronize();
  printf("%g %g %g %g\n", __low2float(p[4]), __high2float(p[4]), __low2float(p[5]), __high2float(p[5]));  // expect: 4.5 9 4 3
  for (int i = 0; i < 100; i++) h[i] = __float2half(i % 4 + 0.5f);
  dot<<<1, 32>>>(h, h + 20, f, 70);
  cudaDeviceSynchronize();
  printf("%g\n", f[0]);  // expect: 359.5
  brain<<<1, 1>>>(f, bits);
  cudaDeviceSynchronize();
  printf("%g %g %g %g %g %x\n", f[0], f[1], f[2], f[3], f[4], bits[0]);  // expect: 1 3.14062 9.875 2.25 4 bfff
  return 0;
}
