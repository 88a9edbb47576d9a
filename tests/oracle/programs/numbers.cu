// Conversions, integer and bit intrinsics, rounding modes, math functions, min and max.
#include <cstdio>
#include <climits>
#include <cmath>
#include <cuda_runtime.h>

__global__ void conversions(const float* in, int* o, unsigned* u, long long* l, unsigned char* c) {
  const int t = threadIdx.x;
  o[t] = (int)in[t];
  o[16 + t] = __float2int_rn(in[t]);
  o[32 + t] = __float2int_ru(in[t]);
  o[48 + t] = static_cast<int>(in[t] * 0.5f);
  u[t] = (unsigned)in[t];
  l[t] = (long long)in[t];
  c[t] = (unsigned char)in[t];
}

__global__ void integers(int* o, unsigned x, int y, int big) {
  int k = 0;
  o[k++] = __clz(y);
  o[k++] = __clz(0);
  o[k++] = __ffs(8);
  o[k++] = __ffs(0);
  o[k++] = __popc(x);
  o[k++] = (int)__brev(1u);
  o[k++] = (int)__byte_perm(0x33221100u, 0x77665544u, 0x7054u);
  o[k++] = (int)__funnelshift_l(0x80000000u, 1u, 4);
  o[k++] = (int)__funnelshift_r(0x10u, 0xFu, 8);
  o[k++] = __mulhi(INT_MAX, 4);
  o[k++] = (int)__umulhi(x, x);
  o[k++] = __mul24(0x1FFFFFF, 2);
  o[k++] = (int)__sad(5, -7, 10u);
  o[k++] = __hadd(7, 4);
  o[k++] = __rhadd(7, 4);
  o[k++] = __dp4a(0x01020304, 0x05060708, 1000);
  o[k++] = __dp4a((int)0xFF000000, (int)0x02000000, 0);
  o[k++] = __clzll(1ll << 40);
  o[k++] = __popcll(~0ull);
  o[k++] = __ffsll(1ll << 35);
  o[k++] = 1 << big;
  o[k++] = (int)(x >> big);
  o[k++] = -8 >> big;
  o[k++] = INT_MAX + y;
  o[k++] = y / (big - 40);
  o[k++] = y % (big - 40);
}

__global__ void min_max(int* o, float* f, int i, unsigned u, float x, float nan) {
  o[0] = min(i, 3), o[1] = max(i, 3), o[2] = (int)max(u, 7u), o[3] = (int)min((long long)i, 1ll);
  o[4] = (int)max(i, 2u);  // mixed: as unsigned
  f[0] = min(x, nan), f[1] = fmaxf(nan, x), f[2] = max(x, 1.0f);
  f[3] = fminf(-0.5f, x);
}

__global__ void roundings(float* f, double* d, float x, float y) {
  f[0] = __fadd_rd(x, y), f[1] = __fadd_ru(x, y), f[2] = __fadd_rz(-x, -y), f[3] = __fadd_rn(x, y);
  f[4] = __fdiv_rd(1.0f, 3.0f), f[5] = __fdiv_ru(1.0f, 3.0f), f[6] = __fsqrt_ru(2.0f), f[7] = __fsqrt_rd(2.0f);
  f[8] = __fmaf_rn(x, x, -1.0f), f[9] = __double2float_ru(0.1), f[10] = __double2float_rd(0.1);
  f[11] = __int2float_rz(16777217), f[12] = __int2float_ru(16777217);
  d[0] = __dadd_ru(1.0, 1e-20), d[1] = __dadd_rd(1.0, 1e-20), d[2] = __dmul_rn(0.1, 3.0);
}

__global__ void functions(float* f, double* d) {
  f[0] = rsqrtf(4.0f), f[1] = cbrtf(27.0f), f[2] = rcbrtf(8.0f), f[3] = sinpif(0.5f), f[4] = cospif(0.5f), f[5] = exp2f(3.0f);
  f[6] = exp10f(2.0f), f[7] = hypotf(3.0f, 4.0f), f[8] = norm3df(2.0f, 3.0f, 6.0f), f[9] = fdividef(1.0f, 4.0f);
  f[10] = __fdividef(1.0f, 1.5e38f), f[11] = __saturatef(1.5f), f[12] = __saturatef(-2.0f), f[13] = copysignf(2.0f, -0.0f);
  f[14] = truncf(-1.7f), f[15] = rintf(2.5f), f[16] = roundf(2.5f), f[17] = fmodf(5.5f, 2.0f), f[18] = fabsf(-3.0f);
  f[19] = __expf(0.0f), f[20] = __powf(2.0f, 10.0f), f[21] = __logf(1.0f), f[22] = log1pf(0.0f), f[23] = erff(0.0f);
  float s, c;
  sincosf(0.0f, &s, &c);
  f[24] = s, f[25] = c, f[26] = ldexpf(1.5f, 4), f[27] = fmaf(2.0f, 3.0f, 4.0f), f[28] = normcdff(0.0f), f[29] = __frcp_rn(4.0f);
  d[0] = rsqrt(16.0), d[1] = erfinv(0.0), d[2] = normcdfinv(0.5), d[3] = sinpi(1.0), d[4] = cyl_bessel_i0(0.0), d[5] = tgamma(5.0);
  d[6] = __longlong_as_double(0x3FF0000000000000ll), d[7] = __hiloint2double(0x40000000, 0), d[8] = pow(2.0, -1.0);
  f[30] = __int_as_float(0x3F800000), f[31] = __uint_as_float(__float_as_uint(2.5f)), f[32] = (float)signbit(-1.0f) != 0;
}

int main() {
  int* o;
  unsigned* u;
  long long* l;
  unsigned char* c;
  float *f, *in;
  double* d;
  cudaMallocManaged(&o, 1024), cudaMallocManaged(&u, 1024), cudaMallocManaged(&l, 1024), cudaMallocManaged(&c, 1024);
  cudaMallocManaged(&f, 1024), cudaMallocManaged(&in, 1024), cudaMallocManaged(&d, 1024);
  const float values[] = {1.7f, -1.7f, 3e9f, -3e9f, 1e20f, NAN, 2.5f, -0.5f, INFINITY, 255.9f};
  for (int i = 0; i < 10; i++) in[i] = values[i];
  conversions<<<1, 10>>>(in, o, u, l, c);
  cudaDeviceSynchronize();
  printf("int %d %d %d %d %d %d\n", o[0], o[1], o[2], o[3], o[5], o[8]);
  // expect: int 1 -1 2147483647 -2147483648 0 2147483647
  printf("rn %d %d %d ru %d %d half %d\n", o[16], o[22], o[16 + 7], o[32], o[33], o[48 + 2]);
  // expect: rn 2 2 0 ru 2 -1 half 1500000000
  printf("unsigned %u %u %u %u long %lld %lld uchar %d\n", u[0], u[1], u[2], u[4], l[2], l[4], c[9]);
  // expect: unsigned 1 0 3000000000 4294967295 long 3000000000 9223372036854775807 uchar 255

  integers<<<1, 1>>>(o, 0xF0F0F0F0u, 1000, 40);
  cudaDeviceSynchronize();
  printf("clz %d %d ffs %d %d popc %d brev %x perm %x funnel %x %x\n", o[0], o[1], o[2], o[3], o[4], o[5], o[6], o[7], o[8]);
  // expect: clz 22 32 ffs 4 0 popc 16 brev 80000000 perm 77005544 funnel 18 f000000
  printf("mulhi %d %x mul24 %d sad %d hadd %d %d dp4a %d %d ll %d %d %d\n", o[9], o[10], o[11], o[12], o[13], o[14], o[15], o[16],
         o[17], o[18], o[19]);
  // expect: mulhi 1 e2c4a686 mul24 -2 sad 22 hadd 5 6 dp4a 1070 -2 ll 23 64 36
  printf("shift %d %d %d wrap %d zero %d %d\n", o[20], o[21], o[22], o[23], o[24], o[25]);
  // expect: shift 0 0 -1 wrap -2147482649 zero -1 1000

  min_max<<<1, 1>>>(o, f, -5, 9u, 0.25f, NAN);
  cudaDeviceSynchronize();
  printf("minmax %d %d %d %d %u | %.2f %.2f %.2f %.2f\n", o[0], o[1], o[2], o[3], (unsigned)o[4], f[0], f[1], f[2], f[3]);
  // expect: minmax -5 3 9 -5 4294967291 | 0.25 0.25 1.00 -0.50

  roundings<<<1, 1>>>(f, d, 1.0f, 0x1p-30f);
  cudaDeviceSynchronize();
  printf("fadd %a %a %a %a\n", f[0], f[1], f[2], f[3]);  // expect: fadd 0x1p+0 0x1.000002p+0 -0x1p+0 0x1p+0
  printf("fdiv %a %a sqrt %a %a\n", f[4], f[5], f[6], f[7]);  // expect: fdiv 0x1.555554p-2 0x1.555556p-2 sqrt 0x1.6a09e8p+0 0x1.6a09e6p+0
  printf("fma %a tofloat %a %a %.0f %.0f\n", f[8], f[9], f[10], f[11], f[12]);
  // expect: fma 0x0p+0 tofloat 0x1.99999ap-4 0x1.999998p-4 16777216 16777218
  printf("double %a %a %a\n", d[0], d[1], d[2]);
  // expect: double 0x1.0000000000001p+0 0x1p+0 0x1.3333333333334p-2

  functions<<<1, 1>>>(f, d);
  cudaDeviceSynchronize();
  for (int i = 0; i < 33; i++) printf("%g%c", f[i], i == 32 ? '\n' : ' ');
  // expect: 0.5 3 0.5 1 0 8 100 5 7 0.25 0 1 0 -2 -1 2 3 1.5 3 1 1024 0 0 0 0 1 24 10 0.5 0.25 1 2.5 1
  for (int i = 0; i < 9; i++) printf("%g%c", d[i], i == 8 ? '\n' : ' ');
  // expect: 0.25 0 0 0 1 24 1 2 0.5
  return 0;
}
