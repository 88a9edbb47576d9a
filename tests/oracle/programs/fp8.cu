// 8-bit floating types and the rarer half and bfloat16 intrinsics. Values by hand from the formats: e4m3 has bias 7, 448 as
// its largest number and no infinity; e5m2 has bias 15, 57344 and infinities. The number of a failed check is its line.
#include <cstdio>
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_fp8.h>

__device__ int bad;
__device__ void check(int line, double got, double want) {
  if (!(got == want)) {
    printf("line %d: got %g, not %g\n", line, got, want);
    atomicAdd(&bad, 1);
  }
}
#define IS(expression, want) check(__LINE__, (double)(expression), want);
__global__ void eight(const __nv_fp8_e4m3* in, __nv_fp8_e5m2* out) {
  IS((float)in[0], 1.5)
  IS((float)in[1], 448)
  IS((float)in[2], -0.0625)
  IS((float)__nv_fp8_e4m3(17.0f), 16)          // between 16 and 18: a tie, to even
  IS((float)__nv_fp8_e4m3(19.0f), 20)
  IS((float)__nv_fp8_e4m3(1e6f), 448)          // saturates
  IS((float)__nv_fp8_e4m3(0.001f), 0.001953125)   // the smallest is 2^-9; 0.001 is above half of it
  IS((float)__nv_fp8_e5m2(17.0f), 16)
  IS((float)__nv_fp8_e5m2(3.4f), 3.5)
  IS((int)__nv_fp8_e4m3(-3.75f), -3)
  IS((float)(__half)__nv_fp8_e4m3(0.3f), 0.3125)
  IS(__nv_cvt_float_to_fp8(1.0f, __NV_SATFINITE, __NV_E4M3), 0x38)
  IS(__nv_cvt_float_to_fp8(500.0f, __NV_NOSAT, __NV_E4M3), 0x7F)
  IS(__nv_cvt_float_to_fp8(-70000.0f, __NV_NOSAT, __NV_E5M2), 0xFC)
  IS(__nv_cvt_float2_to_fp8x2(make_float2(1.0f, -2.0f), __NV_SATFINITE, __NV_E5M2), 0xC03C)
  IS(__half2float(__half(__nv_cvt_fp8_to_halfraw(0x40, __NV_E4M3))), 2)
  const float4 v = static_cast<float4>(__nv_fp8x4_e4m3(make_float4(1, 2, 3, 1000)));
  IS(v.x + 10 * v.y + 100 * v.z + 1000 * v.w, 448321)
  const float2 w = static_cast<float2>(__nv_fp8x2_e5m2(make_float2(-1.5f, 5.0f)));
  IS(w.x + 10 * w.y, 48.5)
  const __half2_raw r = __nv_cvt_fp8x2_to_halfraw2(0x3840, __NV_E4M3);
  IS(r.x, 0x4000)
  IS(r.y, 0x3C00)
  out[threadIdx.x] = __nv_fp8_e5m2((float)in[threadIdx.x]);
}

__global__ void sixteen(__half2* h2, __half* h, __nv_bfloat162* b2) {
  const __half one = __float2half(1.0f), nan = __ushort_as_half(0x7FFF);
  const __half2 a = __floats2half2_rn(1.0f, 2.0f), b = __floats2half2_rn(3.0f, -1.0f), n = __halves2half2(one, nan);
  IS(__hisnan(__hmax_nan(one, nan)), 1)
  IS(__hmax(one, nan), 1)
  IS(__hbequ2(n, n), 1)
  IS(__hbeq2(n, n), 0)
  IS(__heq2_mask(n, n), 0x0000FFFF)
  IS(__hneu2_mask(n, n), 0xFFFF0000)
  IS(__low2float(__hltu2(a, b)), 1)
  IS(__high2float(__hne2(n, n)), 0)
  const __half2 c = __hcmadd(a, b, __float2half2_rn(1.0f));      // (1 + 2i)(3 - i) + 1 + i = 6 + 6i
  IS(__low2float(c), 6)
  IS(__high2float(c), 6)
  IS(__high2float(__hfma2_relu(a, b, a)), 0)
  IS(__low2float(__hfma2_sat(a, b, a)), 1)
  IS(__half2char_rz(__float2half(-300.0f)), -128)
  IS(__half2uchar_rz(__float2half(7.9f)), 7)
  IS(__half2ull_rn(__float2half(2.5f)), 2)
  IS(__ull2half_rn(2049ull), 2048)
  IS(__ull2half_ru(2049ull), 2050)
  IS(__int2half_rz(-2049), -2048)
  IS((int)__float2half(-2.7f), -2)
  IS((int)__ushort_as_half(0x7C00), 2147483647)                  // infinity saturates
  IS(__half2float(htrunc(__float2half(-2.7f))), -2)
  IS(__bfloat162float(__hfma(__float2bfloat16(3.0f), __float2bfloat16(5.0f), __float2bfloat16(0.0625f))), 15.0625)
  IS(__bfloat162int_rn(__float2bfloat16(2.5f)), 2)
  IS(__bfloat162float(__float2bfloat16_rz(1.00390625f + 0.003f)), 1)
  IS(__bfloat162float(__ushort_as_bfloat16(0x4049)), 3.140625)
  __half x = one;
  x++;
  ++x;
  x *= __float2half(2.0f);
  IS(x--, 6)
  __half_raw raw;
  raw.x = 0x4500;
  IS(__half2float(__half(raw)), 5)
  raw = one;
  IS(raw.x, 0x3C00)
  atomicAdd(h2, __floats2half2_rn(1.0f, 2.0f));
  atomicAdd(h, one);
  atomicAdd(b2, __floats2bfloat162_rn(1.0f, 2.0f));
  IS(__half2float(__shfl_xor_sync(0xFFFFFFFFu, __float2half((float)threadIdx.x), 1)), threadIdx.x ^ 1)
  IS(__high2float(__shfl_down_sync(0xFFFFFFFFu, a, 1)), 2)
}

__global__ void wide_atomics(float2* f2, float4* f4, unsigned long long* u, unsigned short* s) {
  atomicAdd(f2, make_float2(1.0f, 2.0f));
  atomicAdd(f4, make_float4(1.0f, 2.0f, 3.0f, 4.0f));
  atomicMin(reinterpret_cast<long long*>(u), -5ll);
  atomicMax(u + 1, 7ull + threadIdx.x);
  atomicOr(u + 2, 1ull << threadIdx.x);
  atomicAnd(u + 3, ~(1ull << threadIdx.x));
  atomicXor_system(u + 4, 3ull);
  atomicCAS(s, (unsigned short)0, (unsigned short)9);
  atomicAdd_block(reinterpret_cast<float*>(u + 5), 0.5f);
  atomicInc(reinterpret_cast<unsigned*>(u + 6), 9u);
  atomicDec(reinterpret_cast<unsigned*>(u + 7), 20u);
}

int main() {
  __nv_fp8_e4m3* in;
  __nv_fp8_e5m2* out;
  cudaMallocManaged(&in, 4), cudaMallocManaged(&out, 4);
  in[0] = __nv_fp8_e4m3(1.5f), in[1] = __nv_fp8_e4m3(448.0f), in[2] = __nv_fp8_e4m3(-0.0625f), in[3] = __nv_fp8_e4m3(0.0f);
  eight<<<1, 4>>>(in, out);
  __half2* h2;
  __half* h;
  __nv_bfloat162* b2;
  cudaMallocManaged(&h2, 4), cudaMallocManaged(&h, 4), cudaMallocManaged(&b2, 4);
  *h2 = __float2half2_rn(0.0f), *h = __float2half(0.0f), *b2 = __float2bfloat162_rn(0.0f);
  sixteen<<<1, 32>>>(h2, h, b2);
  cudaDeviceSynchronize();
  int wrong = (float)out[1] != 448.0f || (float)out[2] != -0.0625f;
  wrong += __low2float(*h2) != 32 || __high2float(*h2) != 64 || __half2float(*h) != 32 || __high2float(*b2) != 64;
  float2* f2;
  float4* f4;
  unsigned long long* u;
  unsigned short* s;
  cudaMallocManaged(&f2, 8), cudaMallocManaged(&f4, 16), cudaMallocManaged(&u, 64), cudaMallocManaged(&s, 2);
  *f2 = make_float2(0, 0), *f4 = make_float4(0, 0, 0, 0), *s = 0;
  for (int i = 0; i < 8; ++i) u[i] = 0;
  u[3] = ~0ull;
  wide_atomics<<<2, 16>>>(f2, f4, u, s);
  cudaDeviceSynchronize();
  wrong += f2->y != 64 || f4->z != 96 || (long long)u[0] != -5 || u[1] != 22 || u[2] != 0xFFFF || u[3] != ~0xFFFFull || u[4] != 0;
  wrong += *s != 9 || *reinterpret_cast<float*>(u + 5) != 16.0f;
  wrong += (unsigned)u[6] != 2;    // 32 steps of a counter of ten
  wrong += (unsigned)u[7] != 10;   // 0 -> 20 in one, and 31 more: 20 - 21 -> 20 again after 21 steps, then 10 below
  int n = -1;
  cudaMemcpyFromSymbol(&n, bad, sizeof n);
  puts(n + wrong == 0 && cudaDeviceSynchronize() == cudaSuccess ? "PASS" : "FAIL");
}
// expect: PASS
